import { sqlState } from './database-error';
import { Prisma } from './prisma/client';

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

/** Whether a failure says that the database is away or unfit, and nothing about what was asked of it. */
export function isDatabaseOutage(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  const meta = error.meta as { driverAdapterError?: { cause?: { kind?: string } } } | undefined;
  return (
    UNREACHABLE.has(error.code) ||
    CONNECTION_KINDS.has(meta?.driverAdapterError?.cause?.kind) ||
    OUTAGE_STATES.test(sqlState(error) ?? '')
  );
}
