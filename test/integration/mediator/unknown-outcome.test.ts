import { z } from 'zod';
import { createApplication } from '../../../src/application';
import { keyForRequest } from '../../../src/cqrs/idempotency';
import { createMediator, type Mediator } from '../../../src/cqrs/mediator';
import { defineCommand, handle } from '../../../src/cqrs/message';
import { noNotifier } from '../../../src/events/append';
import { createEventRegistry } from '../../../src/events/registry';
import { cancelOrder } from '../../../src/orders/cancel-order';
import { placeOrder } from '../../../src/orders/place-order';
import { connectDatabase, type Database } from '../../../src/platform/database/database';
import { databaseFault, isDatabaseOutage } from '../../../src/platform/database/database-error';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { createLostAnswerProxy, type LostAnswerProxy } from '../../support/network/lost-answer-proxy';
import { newOrder } from '../../support/new-order';

let test: TestDatabase;
let proxy: LostAnswerProxy;
let database: Database;
let mediator: Mediator;

beforeAll(async () => {
  test = await createTestDatabase();
  await test.query(`INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
  const url = new URL(test.url);
  proxy = await createLostAnswerProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  database = connectDatabase({ url: url.href, applicationName: 'test', poolSize: 2, logger: silentLogger });
  mediator = createApplication({ database, logger: silentLogger });
});
afterAll(async () => {
  await database.$disconnect();
  await proxy.close();
  await test.close();
});

async function countOrders(): Promise<number> {
  const [row] = await test.query<{ count: string }>('SELECT count(*) FROM orders');
  return Number(row?.count);
}

it('reads the outcome back by its key when the connection breaks while it commits', async () => {
  const placed = await mediator.send(placeOrder(newOrder));
  const key = keyForRequest('key', 'cancel', 'commit-lost', {});
  proxy.loseAnswerTo('COMMIT');
  const onRepeat = jest.fn();
  const cancelled = await mediator.send(cancelOrder({ order_id: placed.order_id }), { idempotencyKey: key, onRepeat });
  // It may have been an earlier attempt that committed: whoever calls somebody after the first one has to know.
  expect(onRepeat).toHaveBeenCalledTimes(1);
  expect(cancelled).toMatchObject({ order_id: placed.order_id, status: 'CANCELLED', version: 2 });
});

it('reads it back too when it was one statement', async () => {
  await mediator.send(placeOrder(newOrder), { idempotencyKey: keyForRequest('key', 'orders', 'warm-up', newOrder) });
  const before = await countOrders();
  const key = keyForRequest('key', 'orders', 'statement-lost', newOrder);
  proxy.loseAnswerTo('statement-lost');
  const placed = await mediator.send(placeOrder(newOrder), { idempotencyKey: key });
  expect(await mediator.send(placeOrder(newOrder), { idempotencyKey: key })).toEqual(placed);
  expect(await countOrders()).toBe(before + 1);
});

it('says that it does not know, where there is no key to ask by', async () => {
  proxy.loseAnswerTo('cus_unknown');
  const sent = mediator.send(placeOrder({ ...newOrder, customer_id: 'cus_unknown' }));
  await expect(sent.catch((error: unknown) => isDatabaseOutage(error))).resolves.toBe(true);
});

describe.each(['orders', 'idempotency_key'])('while %s is locked', (table) => {
  beforeEach(async () => {
    await test.query('BEGIN');
    await test.query(`LOCK TABLE ${table}`);
  });
  afterEach(() => test.query('ROLLBACK'));

  it('a new key meets no first request', async () => {
    const key = keyForRequest('key', 'orders', `new-${table}`, newOrder);
    const cancelling = keyForRequest('key', 'cancel', `new-${table}`, {});
    const sent = await Promise.all([
      mediator.send(placeOrder(newOrder), { idempotencyKey: key }).catch(databaseFault),
      mediator.send(cancelOrder({ order_id: 'ord_none' }), { idempotencyKey: cancelling }).catch(databaseFault),
    ]);
    expect(sent).toEqual(['busy', 'busy']);
  });
});

it('decides again when a statement in its transaction has a plan that is out of date', async () => {
  const read = defineCommand({ name: 'Read', input: z.strictObject({}), result: z.unknown(), roles: ['operator'] });
  const decided = jest.fn();
  const readChanged = handle(read, async (_, { uow }) => {
    decided();
    return uow.tx.$queryRawUnsafe('SELECT * FROM changed');
  });
  const own = createMediator({
    handlers: [readChanged],
    registry: createEventRegistry([]),
    database,
    notifier: noNotifier,
    clock: () => new Date().toISOString(),
    logger: silentLogger,
  });
  await test.query('CREATE TABLE changed AS SELECT 1 AS amount');
  await own.send(read({}));
  await test.query('ALTER TABLE changed ALTER amount TYPE text');
  await expect(own.send(read({}))).resolves.toEqual([{ amount: '1' }]);
  expect(decided).toHaveBeenCalledTimes(3);
});
