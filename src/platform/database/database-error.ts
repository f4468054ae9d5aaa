import { isDriverAdapterError } from '@prisma/driver-adapter-utils';
import { Prisma } from '../prisma/client';

/** The SQLSTATEs the code decides by (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
export const sqlStates = {
  uniqueViolation: '23505',
  lockNotAvailable: '55P03',
} as const;

/** Prisma's codes for a database that cannot be reached (https://www.prisma.io/docs/orm/reference/error-reference). */
const UNREACHABLE: ReadonlySet<string> = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024']);
/** The adapter's own kinds for the same, which raw statements carry. */
const CONNECTION_KINDS: ReadonlySet<unknown> = new Set([
  'ConnectionClosed',
  'DatabaseNotReachable',
  'SocketTimeout',
  'TooManyConnections',
]);
/**
 * SQLSTATE classes of a server that cannot work now: connection, resources (disk full), operator
 * (shutdown; but not 57014, a cancelled statement), system error. And 25006: it is read-only.
 */
const OUTAGE_STATES = /^(08|53|57P|58|25006)/;
/** A cancelled statement, a lock that was not to be had, a conflict of transactions. */
const BUSY_STATES = /^(57014|55P03|40)/;
/** Prisma could not begin a transaction in time, or it ran out of its time, or met a conflict. */
const BUSY_CODES: ReadonlySet<string> = new Set(['P2028', 'P2034']);

interface AdapterCause {
  readonly kind?: string;
  readonly originalCode?: string;
}

/** What the adapter says: inside Prisma's error of a statement, or bare when a commit failed. */
function adapterCause(error: unknown): AdapterCause | undefined {
  if (isDriverAdapterError(error)) return error.cause;
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return undefined;
  return (error.meta as { driverAdapterError?: { cause?: AdapterCause } } | undefined)?.driverAdapterError?.cause;
}

/** Prisma's code, `P2002`. */
const codeOf = (error: unknown): string =>
  error instanceof Prisma.PrismaClientKnownRequestError ? error.code : 'none of Prisma’s';

/** The SQLSTATE of a failed statement, `undefined` when the database never answered. */
export function sqlState(error: unknown): string | undefined {
  return adapterCause(error)?.originalCode ?? (codeOf(error) === 'P2002' ? sqlStates.uniqueViolation : undefined);
}

/** Whether a failure says that the database is away or unfit, and nothing about what was asked of it. */
export function isDatabaseOutage(error: unknown): boolean {
  return (
    error instanceof Prisma.PrismaClientInitializationError ||
    UNREACHABLE.has(codeOf(error)) ||
    CONNECTION_KINDS.has(adapterCause(error)?.kind) ||
    OUTAGE_STATES.test(sqlState(error) ?? '')
  );
}

/** A value that no column can keep: out of range, not of its type, NUL (class 22). */
export const isDataException = (error: unknown): boolean => sqlState(error)?.startsWith('22') ?? false;

/** Whether the database is there but could not do it now: the same again may well succeed. */
export const isDatabaseBusy = (error: unknown): boolean =>
  BUSY_CODES.has(codeOf(error)) || BUSY_STATES.test(sqlState(error) ?? '');
