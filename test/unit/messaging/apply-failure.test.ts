import { failureKind, failureReason } from '../../../src/kafka/apply-failure';
import { UnreadableMessage } from '../../../src/kafka/received-event';
import { Prisma } from '../../../src/platform/prisma/client';
import { Refusal } from '../../../src/platform/refusal';

const databaseError = (code: string, cause: object) =>
  new Prisma.PrismaClientKnownRequestError('failed', {
    code,
    clientVersion: 'test',
    meta: { driverAdapterError: { cause } },
  });
const sql = (originalCode: string) => databaseError('P2010', { kind: 'postgres', originalCode });

test.each([
  ['a closed connection', databaseError('P2010', { kind: 'ConnectionClosed' }), 'outage'],
  ['a database that cannot be reached', databaseError('P1001', {}), 'outage'],
  ['a shutdown', sql('57P01'), 'outage'],
  ['a full disk', sql('53100'), 'outage'],
  ['a read-only database', sql('25006'), 'outage'],
  ['a deadlock', sql('40P01'), 'transient'],
  ['a lock held by another', sql('55P03'), 'transient'],
  ['the same event in other hands', new Refusal('request_in_progress', 'Still running.'), 'transient'],
  ['a connection that ended', new Error('Connection terminated unexpectedly'), 'outage'],
  ['an error nobody explains', new Error('Something else'), 'transient'],
  ['a constraint', sql('23514'), 'rejected'],
  ['a cancelled statement', sql('57014'), 'transient'],
  ['a refusal', new Refusal('order_not_found', 'There is no such order.'), 'rejected'],
  ['an unreadable message', new UnreadableMessage('not JSON'), 'permanent'],
] as const)('%s', (_, error, kind) => {
  expect(failureKind(error)).toBe(kind);
});

test('the reason is what Postgres can store', () => {
  expect(failureReason(new Error('a\0b'))).toBe('a\uFFFDb');
  expect(failureReason(new Error('x'.repeat(10_000)))).toHaveLength(2_000);
  expect(failureReason(new Error('a\uD800b'))).toBe('a\uFFFDb');
  expect(failureReason(new Error(`${'x'.repeat(1_999)}😀`)).at(-1)).toBe('\uFFFD');
  expect(failureReason(new Refusal('out_of_stock', 'Later.'))).toBe('out_of_stock: Later.');
});
