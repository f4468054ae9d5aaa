import type { MappedError } from '@prisma/driver-adapter-utils';

/** The SQLSTATEs that code decides by (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
export const sqlStates = {
  uniqueViolation: '23505',
  lockNotAvailable: '55P03',
  readOnly: '25006',
} as const;

/**
 * The meaning of a database failure.
 * - `outage`: The database is away or unfit. The statement itself may be right.
 * - `busy`: The database is there, but could not run the statement now. A retry may succeed.
 * - `value`: The database refuses a value, a constraint or a limit. A retry fails again.
 * - `ours`: An error in this program or its schema, or an error that is not the database's.
 */
export type DatabaseFault = 'outage' | 'busy' | 'value' | 'ours';

/** The meaning of a SQLSTATE, by the first pattern that matches. Any other is `ours`. */
const STATES: readonly (readonly [RegExp, DatabaseFault])[] = [
  // A cancelled statement; a lock or an object in use; a transaction timeout; a conflict.
  [/^(57014|55P03|55006|25P0[34]|40|72)/, 'busy'],
  // A prepared statement whose plan is outdated or gone. A retry prepares it again.
  [/^(0A000|26000|42P05)/, 'busy'],
  // Connection, login, missing database, resources, operator, system and configuration; and a read-only server.
  [/^(08|28|3D|53|57|58|F0|25006)/, 'outage'],
  // Data, constraint, check option of a view, program limit, and an exception of a function.
  [/^(22|23|44|54|P0001)/, 'value'],
];

/** The meaning of the adapter's error kinds, where there is no SQLSTATE. */
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

/**
 * The meaning of Prisma's error codes (https://www.prisma.io/docs/orm/reference/error-reference), by the first pattern
 * that matches.
 */
const CODES: readonly (readonly [RegExp, DatabaseFault])[] = [
  [/^P(1000|1001|1002|1003|1008|1010|1011|1017|2024|2037)$/, 'outage'],
  // A transaction that did not begin in time, ran out of time, or met a conflict.
  [/^P(2028|2034)$/, 'busy'],
  [/^P(2000|2002|2003|2004|2005|2006|2007|2011|2012|2013|2014|2019|2020|2023|2033)$/, 'value'],
];

/** Node's codes of a connection that cannot be opened, breaks, or finds no descriptor or memory. */
const NODE_CODES =
  /^(EAI_\w+|ECONN\w+|ENET\w+|EHOST\w+|E(MFILE|NFILE|NOBUFS|NOMEM|NOTFOUND|PIPE|TIMEDOUT|NOTCONN|SHUTDOWN|PROTO|ADDRNOTAVAIL|ADDRINUSE)|ERR_(SOCKET|STREAM|SSL|TLS)_\w+)$/;
const NETWORK_CALLS: ReadonlySet<unknown> = new Set(['connect', 'read', 'write', 'getaddrinfo', 'socket', 'shutdown']);

/** The driver's messages that have no code, or their beginnings. */
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

/** Recognises Prisma's errors by name, so that this file does not load Prisma. Plain connections use it as well. */
const isKnownRequestError = (error: Error): error is Error & { readonly code: string; readonly meta?: object } =>
  error.name === 'PrismaClientKnownRequestError';
const isAdapterError = (error: Error): error is Error & { readonly cause: AdapterCause } =>
  error.name === 'DriverAdapterError' && typeof error.cause === 'object' && error.cause !== null;

interface AdapterCause {
  readonly kind?: string;
  readonly code?: unknown;
  readonly originalCode?: string;
}

/** Returns the adapter's error, which is inside Prisma's error of a statement, or bare after a failed commit. */
function adapterCause(error: Error): AdapterCause | undefined {
  if (isAdapterError(error)) return error.cause;
  if (!isKnownRequestError(error)) return undefined;
  return (error.meta as { driverAdapterError?: { cause?: AdapterCause } } | undefined)?.driverAdapterError?.cause;
}

/** Returns the SQLSTATE of a failed statement, or `undefined` when the database did not answer. */
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

/** Classifies a failure of the database, of whichever layer. Every other place uses this function. */
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
  // Other libraries put Node's codes on their own errors, which have other names.
  if (error.name !== 'Error' && error.name !== 'AggregateError') return 'ours';
  if (typeof code === 'string') return NODE_CODES.test(code) || NETWORK_CALLS.has(syscall) ? 'outage' : 'ours';
  return MESSAGES.some((known) => message.startsWith(known)) ? 'outage' : 'ours';
}

const first = (rules: readonly (readonly [RegExp, DatabaseFault])[], text: string): DatabaseFault =>
  rules.find(([pattern]) => pattern.test(text))?.[1] ?? 'ours';

/** Whether no connection became free in time, so that no statement was sent. */
export const hasAskedNothing = (error: unknown): boolean =>
  error instanceof Error && error.message === 'timeout exceeded when trying to connect';

/** Whether a prepared statement's plan is outdated or gone. A connection without that plan can run the statement. */
export const isPlanOutOfDate = (error: unknown): boolean => /^(0A000|26000|42P05)$/.test(sqlState(error) ?? '');

/**
 * Whether the connection of this failure must not be used again. A server without resources (53) or with a system error
 * (58) is as bad for a new connection.
 */
export function isConnectionUnfit(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return isPlanOutOfDate(error) || /^25P0[34]$/.test(state) || (isDatabaseOutage(error) && !/^5[38]/.test(state));
}

/** Whether the database is away or unfit, so that the failure says nothing about the statement. */
export const isDatabaseOutage = (error: unknown): boolean => databaseFault(error) === 'outage';

/** Whether no column can keep a value: it is out of range, of the wrong type, or contains NUL (class 22). */
export const isDataException = (error: unknown): boolean => sqlState(error)?.startsWith('22') ?? false;

/** Whether the database is there but could not run the statement now. A retry may succeed. */
export const isDatabaseBusy = (error: unknown): boolean => databaseFault(error) === 'busy';

/** Whether a retry can succeed once the database is back or less busy. */
export const isDatabaseTransient = (error: unknown): boolean => isDatabaseOutage(error) || isDatabaseBusy(error);
