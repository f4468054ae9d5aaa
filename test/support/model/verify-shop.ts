import { eventually } from '../../../testing/eventually';
import { disarmFaults } from '../../../testing/faults';
import { readBalance, readOrder } from '../../../testing/shop';
import type { E2eStack } from '../e2e-stack';
import { untilEnded } from './attend-stuck';
import { DEADLINE_MS, type RealShop } from './command';
import type { ShopModel } from './shop-model';

/** What is counted over the whole shop: a run judges by how it changes. */
export interface Stocktaking {
  /** Minor units that the providers took, and have not paid back. */
  readonly taken: number;
  /** Pieces on the shelf, by product. */
  readonly available: Readonly<Record<string, number>>;
}

export async function takeStock({ operator, provider }: E2eStack): Promise<Stocktaking> {
  return eventually(
    async () => {
      const { body } = await operator.call<{ data: { sku: string; available: number | null }[] }>('GET', '/products');
      const books = await Promise.all((['test', 'standby'] as const).map((account) => provider.books(account)));
      const charges = books.flatMap((book) => book.charges);
      return {
        taken: charges.reduce((sum, { amount, refunded_amount }) => sum + amount - refunded_amount, 0),
        available: Object.fromEntries(body.data.map(({ sku, available }) => [sku, available ?? 0])),
      };
    },
    { deadlineMs: DEADLINE_MS },
  );
}

const amountOf = (orders: ShopModel['orders']): number => orders.reduce((sum, { view }) => sum + view.amount, 0);

/** Ends all faults, waits for rest, and compares the shop with what the model says it may be. */
export async function verifyShop(model: ShopModel, real: RealShop, before: Stocktaking): Promise<void> {
  const { stack } = real;
  await eventually(() => disarmFaults(stack.operator), { deadlineMs: DEADLINE_MS });
  for (const party of ['test', 'standby', 'carrier'] as const) {
    await eventually(() => stack.provider.behave(party, 'normal'), { deadlineMs: DEADLINE_MS });
  }
  await untilEnded(stack, DEADLINE_MS);
  await stack.checker.holds(DEADLINE_MS);

  const fulfilled: ShopModel['orders'] = [];
  for (const order of model.orders) {
    const { status } = await readOrder(stack.service, order.view.order_id);
    const swept = status === 'CANCELLED' && order.fates.has('PENDING_PAYMENT') && model.mayBeSwept(order);
    if (!swept) expect([order.kind, ...order.fates]).toContain(status);
    if (status === 'FULFILLED') fulfilled.push(order);
  }

  for (const customer_id of new Set(model.orders.map(({ view }) => view.customer_id))) {
    const theirs = fulfilled.filter(({ view }) => view.customer_id === customer_id);
    expect([customer_id, await readBalance(stack.service, customer_id)]).toEqual([customer_id, amountOf(theirs)]);
  }
  const { taken, available } = await takeStock(stack);
  expect(taken - before.taken).toBe(amountOf(fulfilled.filter(({ byCard }) => byCard)));
  for (const sku of ['mug', 'last-one', 'unshippable']) {
    const sold = fulfilled.filter(({ view }) => view.product_sku === sku).length;
    expect([sku, (before.available[sku] ?? 0) - (available[sku] ?? 0)]).toEqual([sku, sold]);
  }
  // The statements were compared all the time. Only wrong notifications may be discrepancies.
  const discrepancies = stack.log.filter((line) => line.includes('reconciliation.discrepancy_found'));
  const expected = /"kind":"(payment_conflicted|payment_refused)"/;
  expect(discrepancies.filter((line) => !expected.test(line))).toEqual([]);
}
