import type { MappedError } from '@prisma/driver-adapter-utils';

/** The SQLSTATEs the code decides by (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
export const sqlStates = {
  uniqueViolation: '23505',
  lockNotAvailable: '55P03',
  readOnly: '25006',
} as const;

/**
 * What a failure says.
 * - `outage`: the database is away or unfit. It says nothing about what was asked of it.
 * - `busy`: the database is there, but could not do it now. The same again may succeed.
 * - `value`: it refuses what was asked: a value, a constraint, a limit. The same again fails again.
 * - `ours`: a fault of this program or its schema, or no error of a database at all.
 */
export type DatabaseFault = 'outage' | 'busy' | 'value' | 'ours';

/** Of a SQLSTATE, by the first that fits; `ours` where none does. */
const STATES: readonly (readonly [RegExp, DatabaseFault])[] = [
  // A cancelled statement; a lock or an object in use; a transaction that ran out of its time; a conflict.
  [/^(57014|55P03|55006|25P0[34]|40|72)/, 'busy'],
  // A prepared statement whose plan is out of date or gone: it is prepared anew.
  [/^(0A000|26000|42P05)/, 'busy'],
  // Connection, login, no such database, resources, operator, system, configuration; and: it is read-only.
  [/^(08|28|3D|53|57|58|F0|25006)/, 'outage'],
  // Data, constraint, check of a view, limit of the program, raised by a function.
  [/^(22|23|44|54|P0001)/, 'value'],
];

/** Of the adapter's kinds, where it tells no SQLSTATE. */
const KINDS: Readonly<Record<MappedError['kind'], DatabaseFault>> = {
  DatabaseNotReachable: 'outage',
  DatabaseDoesNotExist: 'outage',
  DatabaseAccessDenied: 'outage',
  AuthenticationFailed: 'outage',
  ConnectionClosed: 'outage',
  TlsConnectionError: 'outage',
  TooManyConnections: 'outage',
  SocketTimeout: 'outage',
  TransactionWriteConflict: 'busy',
  TransactionAlreadyClosed: 'busy',
  LengthMismatch: 'value',
  ValueOutOfRange: 'value',
  InvalidInputValue: 'value',
  UniqueConstraintViolation: 'value',
  NullConstraintViolation: 'value',
  ForeignKeyConstraintViolation: 'value',
  RestrictViolation: 'value',
  InconsistentColumnData: 'value',
  DatabaseAlreadyExists: 'ours',
  TableDoesNotExist: 'ours',
  ColumnNotFound: 'ours',
  UnsupportedNativeDataType: 'ours',
  InvalidIsolationLevel: 'ours',
  MissingFullTextSearchIndex: 'ours',
  GenericJs: 'ours',
  postgres: 'ours',
  mysql: 'ours',
  sqlite: 'ours',
  mssql: 'ours',
};

/** Of Prisma's codes (https://www.prisma.io/docs/orm/reference/error-reference), by the first that fits. */
const CODES: readonly (readonly [RegExp, DatabaseFault])[] = [
  [/^P(1000|1001|1002|1003|1008|1010|1011|1017|2024|2037)$/, 'outage'],
  // It could not begin a transaction in time, or the transaction ran out of its time, or met a conflict.
  [/^P(2028|2034)$/, 'busy'],
  [/^P(2000|2002|2003|2004|2005|2006|2007|2011|2012|2013|2014|2019|2020|2023|2033)$/, 'value'],
];

/** Node's codes of a connection that cannot be made, breaks, or finds no descriptor or memory for itself. */
const NODE_CODES =
  /^(EAI_\w+|ECONN\w+|ENET\w+|EHOST\w+|E(MFILE|NFILE|NOBUFS|NOMEM|NOTFOUND|PIPE|TIMEDOUT|NOTCONN|SHUTDOWN|PROTO|ADDRNOTAVAIL|ADDRINUSE)|ERR_(SOCKET|STREAM|SSL|TLS)_\w+)$/;
const NETWORK_CALLS: ReadonlySet<unknown> = new Set(['connect', 'read', 'write', 'getaddrinfo', 'socket', 'shutdown']);

/** What the driver says without a code. These are the whole messages, or their beginnings. */
const MESSAGES: readonly string[] = [
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end on the pool',
  'Received unexpected ',
  'Unknown authenticationOk message type',
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
  'SASL: ',
];

interface Coded extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly severity?: unknown;
}

/** Prisma's errors are known by their names: a connection without Prisma is judged here, too, and loads none of it. */
const isKnownRequestError = (error: Error): error is Error & { readonly code: string; readonly meta?: object } =>
  error.name === 'PrismaClientKnownRequestError';
const isAdapterError = (error: Error): error is Error & { readonly cause: AdapterCause } =>
  error.name === 'DriverAdapterError' && typeof error.cause === 'object' && error.cause !== null;

interface AdapterCause {
  readonly kind?: string;
  readonly code?: unknown;
  readonly originalCode?: string;
}

/** What the adapter says: inside Prisma's error of a statement, or bare when a commit failed. */
function adapterCause(error: Error): AdapterCause | undefined {
  if (isAdapterError(error)) return error.cause;
  if (!isKnownRequestError(error)) return undefined;
  return (error.meta as { driverAdapterError?: { cause?: AdapterCause } } | undefined)?.driverAdapterError?.cause;
}

/** The SQLSTATE of a failed statement, `undefined` when the database never answered. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const cause = adapterCause(error);
  if (cause?.originalCode !== undefined) return cause.originalCode;
  if (cause?.kind === 'postgres' && typeof cause.code === 'string') return cause.code;
  const { code, severity } = error as Coded;
  if (typeof code !== 'string') return undefined;
  if (code === 'P2002') return sqlStates.uniqueViolation;
  return typeof severity === 'string' ? code : undefined;
}

/** The one place where a failure of the database is judged, whichever layer threw it. */
export function databaseFault(error: unknown): DatabaseFault {
  if (!(error instanceof Error)) return 'ours';
  if (error.name === 'PrismaClientInitializationError') return 'outage';
  const state = sqlState(error);
  if (state !== undefined) return first(STATES, state);
  const kind = adapterCause(error)?.kind;
  if (kind !== undefined && Object.hasOwn(KINDS, kind)) return KINDS[kind as MappedError['kind']];

  const { code, syscall, message } = error as Coded;
  if (isKnownRequestError(error)) {
    const fault = first(CODES, error.code);
    return fault === 'ours' && NODE_CODES.test(error.code) ? 'outage' : fault;
  }
  // Other libraries put Node's codes on errors of their own, which have names of their own.
  if (error.name !== 'Error' && error.name !== 'AggregateError') return 'ours';
  if (typeof code === 'string') return NODE_CODES.test(code) || NETWORK_CALLS.has(syscall) ? 'outage' : 'ours';
  return MESSAGES.some((known) => message.startsWith(known)) ? 'outage' : 'ours';
}

const first = (rules: readonly (readonly [RegExp, DatabaseFault])[], text: string): DatabaseFault =>
  rules.find(([pattern]) => pattern.test(text))?.[1] ?? 'ours';

/** Whether it found no free connection in time, so that the database was asked nothing. */
export const hasAskedNothing = (error: unknown): boolean =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect';

/** Whether a prepared statement's plan is out of date or gone: a connection that has none yet answers. */
export const isPlanOutOfDate = (error: unknown): boolean => /^(0A000|26000|42P05)$/.test(sqlState(error) ?? '');

/**
 * Whether the connection on which it happened must not be used again. A server without room (53) or with a fault of its
 * own system (58) is as bad for the next connection.
 */
export function isConnectionUnfit(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return isPlanOutOfDate(error) || /^25P0[34]$/.test(state) || (isDatabaseOutage(error) && !/^5[38]/.test(state));
}

/** Whether a failure says that the database is away or unfit, and nothing about what was asked of it. */
export const isDatabaseOutage = (error: unknown): boolean => databaseFault(error) === 'outage';

/** A value that no column can keep: out of range, not of its type, NUL (class 22). */
export const isDataException = (error: unknown): boolean => sqlState(error)?.startsWith('22') ?? false;

/** Whether the database is there but could not do it now: the same again may well succeed. */
export const isDatabaseBusy = (error: unknown): boolean => databaseFault(error) === 'busy';

/** Whether a failure says nothing about what was asked: the same again succeeds when the database is back, or free. */
export const isDatabasePassing = (error: unknown): boolean => isDatabaseOutage(error) || isDatabaseBusy(error);
