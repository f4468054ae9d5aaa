import {
  allocateReserved,
  dispatchAllocated,
  type Holding,
  release,
  reserve,
} from '../../../src/inventory/reservations';
import { openConnection } from '../../support/connection';
import { createSteps, type Steps } from '../../support/sagas/steps';

const NOW = '2026-11-21T09:30:00.000Z';

let steps: Steps;
beforeAll(async () => (steps = await createSteps(() => [])));
afterAll(() => steps?.db.close());

let products = 0;
/** A product of the test's own, with so much in stock; `null`: without limit. */
async function product(stock: number | null): Promise<string> {
  const sku = `goods-${++products}`;
  await steps.db.query(`INSERT INTO product VALUES ($1, 'Goods', 'goods', 1500, 'EUR', $2)`, sku, stock);
  return sku;
}

const stockOf = async (sku: string) =>
  (
    await steps.db.query<{ stock: number | null; reserved: number }>(
      'SELECT stock, reserved FROM product WHERE sku = $1',
      sku,
    )
  )[0];

const stateOf = async (orderId: string) =>
  (await steps.db.query<{ state: string }>('SELECT state FROM inventory_reservation WHERE order_id = $1', orderId))[0]
    ?.state;

/** An order to hold goods for, whatever it ordered itself. */
const order = async (): Promise<string> => (await steps.charged()).order_id;
async function orders(count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push(await order());
  return ids;
}

const take = (order_id: string, product_sku: string, quantity = 1, holding: Holding = 'RESERVED') =>
  reserve(steps.db.database, { order_id, product_sku, quantity }, holding, NOW);

describe('a reservation', () => {
  it('of the last unit succeeds for exactly one of many concurrent orders', async () => {
    const sku = await product(1);
    const held = await Promise.all((await orders(12)).map((orderId) => take(orderId, sku)));
    expect(held.filter(Boolean)).toHaveLength(1);
    expect(await stockOf(sku)).toEqual({ stock: 1, reserved: 1 });
  });

  it('never takes more than the stock', async () => {
    const sku = await product(10);
    const held = await Promise.all((await orders(9)).map((orderId, index) => take(orderId, sku, (index % 3) + 1)));
    const taken = held.reduce((sum, isHeld, index) => sum + (isHeld ? (index % 3) + 1 : 0), 0);
    expect(await stockOf(sku)).toEqual({ stock: 10, reserved: taken });
    expect(taken).toBeLessThanOrEqual(10);
    expect(taken).toBeGreaterThan(7);
  });

  it('waits for an uncommitted reservation, and succeeds when that is rolled back', async () => {
    const sku = await product(1);
    const orderId = await order();
    const other = await openConnection(steps.db.url);
    await other.query('BEGIN');
    await other.query('UPDATE product SET reserved = 1 WHERE sku = $1', [sku]);
    const waiting = take(orderId, sku);
    await other.query('ROLLBACK');
    await other.end();
    expect(await waiting).toBe(true);
  });

  it('of more than the stock takes nothing', async () => {
    const sku = await product(2);
    const orderId = await order();
    expect(await take(orderId, sku, 3)).toBe(false);
    expect([await stockOf(sku), await stateOf(orderId)]).toEqual([{ stock: 2, reserved: 0 }, undefined]);
  });

  it('of an unknown product takes nothing', async () => {
    expect(await take(await order(), 'nothing')).toBe(false);
  });

  it('is one per order: a second is an error, and takes nothing', async () => {
    const sku = await product(5);
    const orderId = await order();
    await take(orderId, sku);
    await expect(take(orderId, sku)).rejects.toThrow(/inventory_reservation_pkey|Unique/);
    expect(await stockOf(sku)).toEqual({ stock: 5, reserved: 1 });
  });

  it('of unlimited stock always succeeds, and does not count it down', async () => {
    const sku = await product(null);
    const [one, two] = [await order(), await order()];
    expect(await take(one, sku, 10_000)).toBe(true);
    expect(await take(two, sku, 10_000, 'ALLOCATED')).toBe(true);
    expect(await dispatchAllocated(steps.db.database, two)).toBe(true);
    expect(await stockOf(sku)).toEqual({ stock: null, reserved: 10_000 });
  });
});

describe('reserved goods', () => {
  it.each(['RESERVED', 'ALLOCATED'] as const)('%s are released once', async (holding) => {
    const sku = await product(3);
    const orderId = await order();
    await take(orderId, sku, 2, holding);
    const { database } = steps.db;
    const released = await Promise.all([release(database, orderId), release(database, orderId)]);
    expect(released.filter(Boolean)).toHaveLength(1);
    expect(await release(database, orderId)).toBe(false);
    expect([await stockOf(sku), await stateOf(orderId)]).toEqual([{ stock: 3, reserved: 0 }, 'RELEASED']);
  });

  it('are dispatched once, and only when they are allocated', async () => {
    const { database } = steps.db;
    const sku = await product(3);
    const orderId = await order();
    await take(orderId, sku, 2);
    expect(await dispatchAllocated(database, orderId)).toBe(false);
    expect(await allocateReserved(database, orderId)).toBe(true);
    expect(await allocateReserved(database, orderId)).toBe(false);
    expect(await dispatchAllocated(database, orderId)).toBe(true);
    expect(await dispatchAllocated(database, orderId)).toBe(false);
    expect(await release(database, orderId)).toBe(false);
    expect([await stockOf(sku), await stateOf(orderId)]).toEqual([{ stock: 1, reserved: 0 }, 'DISPATCHED']);
  });

  it('are not changed by an order without a reservation', async () => {
    const { database } = steps.db;
    const orderId = await order();
    expect(await allocateReserved(database, orderId)).toBe(false);
    expect(await release(database, orderId)).toBe(false);
    expect(await dispatchAllocated(database, orderId)).toBe(false);
  });
});

describe('the step reserve_inventory', () => {
  it('reserves goods once, and its compensation releases them once', async () => {
    const saga = await steps.charged();
    const before = await stockOf('mug');
    await steps.act('reserveInventory', saga);
    await steps.act('reserveInventory', saga);
    expect(await stockOf('mug')).toMatchObject({ reserved: (before?.reserved ?? 0) + 1 });
    await steps.act('releaseInventory', saga);
    await steps.act('releaseInventory', saga);
    expect(await stockOf('mug')).toEqual(before);
  });

  it('is refused when the goods are out of stock', async () => {
    const saga = await steps.charged({ product_sku: 'last-one', amount: 10_000, quantity: 2 });
    await expect(steps.act('reserveInventory', saga)).rejects.toMatchObject({
      type: 'out_of_stock',
      nonRetryable: true,
    });
  });

  it('reserves nothing after its compensation, and nothing for a service', async () => {
    const saga = await steps.charged();
    await steps.act('releaseInventory', saga);
    await expect(steps.act('reserveInventory', saga)).rejects.toMatchObject({ type: 'step_undone' });
    const service = await steps.charged({ product_sku: 'vps.s', amount: 9_900 });
    await steps.act('reserveInventory', service);
    expect([await stateOf(saga.order_id), await stateOf(service.order_id)]).toEqual([undefined, undefined]);
  });
});
