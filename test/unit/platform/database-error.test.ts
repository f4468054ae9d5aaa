import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { DriverAdapterError } from '@prisma/driver-adapter-utils';
import {
  databaseFault,
  isDatabaseBusy,
  isDatabaseOutage,
  sqlState,
} from '../../../src/platform/database/database-error';
import { Prisma } from '../../../src/platform/prisma/client';
import { Refusal } from '../../../src/platform/refusal';

const known = (code: string, cause?: object) =>
  new Prisma.PrismaClientKnownRequestError('failed', {
    code,
    clientVersion: 'test',
    ...(cause && { meta: { driverAdapterError: { cause } } }),
  });
const coded = (code: string, more: object = {}) => Object.assign(new Error(`it failed: ${code}`), { code, ...more });

/** A failed statement in each of the shapes in which it arrives. */
const ofState = (state: string): readonly unknown[] => [
  known('P2010', { kind: 'postgres', originalCode: state }),
  known('P2010', { kind: 'postgres', code: state }),
  new DriverAdapterError({ kind: 'GenericJs', id: 1, originalCode: state }),
  Object.assign(coded(state, { severity: 'ERROR' }), { name: 'error' }),
];

describe.each([
  ['outage', '08000 08001 08003 08004 08006 08007 08P01'],
  ['outage', '28000 28P01 3D000 25006 F0000 F0001'],
  ['outage', '53000 53100 53200 53300 53400 57000 57P01 57P02 57P03 57P04 57P05 58000 58030 58P01 58P02'],
  ['busy', '40000 40001 40002 40003 40P01 55P03 55006 57014 25P03 25P04 72000'],
  ['busy', '0A000 26000 42P05'],
  ['value', '22000 22001 22003 22007 22008 22021 22P02 22P05 23000 23502 23503 23505 23514 23P01 44000'],
  ['value', '54000 54001 54011 54023 P0001'],
  ['ours', '03000 09000 20000 21000 24000 25000 25001 25P02 27000 2D000 34000 38000 39000 3B001 3F000'],
  ['ours', '42501 42601 42703 42883 42P01 55000 55P02 HV000 P0000 P0002 XX000 XX001 XX002'],
] as const)('%s', (fault, states) => {
  test.each(states.split(' '))('SQLSTATE %s', (state) => {
    expect(ofState(state).map(databaseFault)).toEqual(ofState(state).map(() => fault));
    expect(ofState(state).map(sqlState)).toEqual(ofState(state).map(() => state));
  });
});

describe('Node’s codes', () => {
  const codes =
    'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENETRESET ENOTCONN EMFILE ENFILE ENOBUFS ENOMEM EPROTO EADDRNOTAVAIL EAI_AGAIN EAI_FAIL EAI_NODATA ENOTFOUND ERR_SOCKET_CLOSED ERR_STREAM_DESTROYED ERR_SSL_WRONG_VERSION_NUMBER';
  test.each(codes.split(' '))('%s is an outage', (code) => {
    const shapes = [
      known(code),
      coded(code),
      coded(code, { syscall: 'connect', errno: -1 }),
      Object.assign(new AggregateError([coded(code)], ''), { code }),
    ];
    expect(shapes.map(databaseFault)).toEqual(shapes.map(() => 'outage'));
  });

  test('any code of the operating system, on a call of the network', () => {
    const all = Object.keys(constants.errno);
    expect(all.filter((code) => !isDatabaseOutage(coded(code, { syscall: 'connect' })))).toEqual([]);
  });

  test('not of other calls, and not of other libraries', () => {
    expect(databaseFault(coded('ENOENT', { syscall: 'open' }))).toBe('ours');
    expect(databaseFault(Object.assign(coded('ECONNREFUSED'), { name: 'KafkaJSConnectionError' }))).toBe('ours');
    expect(databaseFault(coded('ERR_INVALID_ARG_TYPE'))).toBe('ours');
  });
});

test.each([
  ['outage', 'P1000 P1001 P1002 P1003 P1008 P1010 P1011 P1017 P2024 P2037'],
  ['busy', 'P2028 P2034'],
  ['value', 'P2000 P2002 P2003 P2004 P2005 P2006 P2007 P2011 P2014 P2020 P2023 P2033'],
  ['ours', 'P2010 P2021 P2022 P2025 P2026'],
] as const)('Prisma’s codes: %s', (fault, codes) => {
  expect(codes.split(' ').filter((code) => databaseFault(known(code)) !== fault)).toEqual([]);
});

test.each([
  ['outage', 'DatabaseNotReachable DatabaseDoesNotExist DatabaseAccessDenied AuthenticationFailed ConnectionClosed'],
  ['outage', 'TlsConnectionError TooManyConnections SocketTimeout'],
  ['busy', 'TransactionWriteConflict TransactionAlreadyClosed'],
  ['value', 'LengthMismatch ValueOutOfRange InvalidInputValue UniqueConstraintViolation NullConstraintViolation'],
  ['ours', 'TableDoesNotExist ColumnNotFound UnsupportedNativeDataType toString'],
] as const)('the adapter’s kinds: %s', (fault, kinds) => {
  expect(kinds.split(' ').filter((kind) => databaseFault(known('P2010', { kind })) !== fault)).toEqual([]);
});

describe('the driver’s own messages', () => {
  /** Faults of a caller, which no outage causes. */
  const OURS =
    /already been connected|must be (a |an )?(string|unique|array|Buffer|empty)|null or undefined|callback|portal|sslnegotiation|must have either|circular|already been released|unexpected condition|first parameter|more than once|Binary mode|argument|Buffer|pipeline|Query values/i;
  const messages = ['client.js', 'connection.js', 'query.js', 'utils.js', 'crypto/sasl.js']
    .map((file) => require.resolve(`pg/lib/${file}`))
    .concat(require.resolve('pg-pool'))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/new (?:Type)?Error\(\s*(['"`])(.*?)\1/g)])
    .map(([, , message]) => String(message));

  test('all are decided', () => {
    expect(messages.length).toBeGreaterThan(40);
    const undecided = messages.filter((message) => !OURS.test(message) && !isDatabaseOutage(new Error(message)));
    expect(undecided.filter((message) => !message.startsWith('Prepared statements'))).toEqual([]);
  });

  test.each([
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client was closed and is not queryable',
    'Client has encountered a connection error and is not queryable',
  ])('%s', (message) => {
    expect(databaseFault(new Error(message))).toBe('outage');
  });

  test('a message says nothing where there is a code', () => {
    expect(databaseFault(coded('ERR_ASSERTION', { message: 'Query read timeout' }))).toBe('ours');
  });
});

test('what is no fault of the database is ours', () => {
  const others = [
    new Refusal('not_found', 'No.'),
    new Error('x is not a function'),
    new TypeError('fetch failed'),
    null,
    'no',
  ];
  expect(others.map(databaseFault)).toEqual(others.map(() => 'ours'));
  expect(others.some(isDatabaseBusy)).toBe(false);
});
