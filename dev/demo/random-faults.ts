import { eventually, must } from '../client/eventually';
import { armFault, disarmFaults } from '../client/faults';
import { CHARGED_GOODS, newClientId, placeOrder, readBalance, readOrder, readSaga } from '../client/shop';
import type { OrderResponse, SagaResponse } from '../client/views';
import { PATIENCE_MS, type Scene } from './scene';

const ORDERS = 20;
/** More passes than twenty orders make. */
const MANY = 10_000;

/**
 * An inventory and a ledger that fail at random. The dice decide which orders are cancelled; the claims hold whatever
 * they decide.
 */
export async function tellRandomFaults({ service, operator, checker, narrator, query }: Scene): Promise<void> {
  const { chapter, tell, claim } = narrator;
  chapter(
    'An inventory that fails at random, for twenty orders',
    'Which orders fail is left to chance. That each is whole or not at all is not.',
  );
  const before = await readStock(query);
  await armFault(operator, 'inventory.reserve', 'refuse', MANY, 0.25);
  await armFault(operator, 'ledger.credit_balance', 'refuse', MANY, 0.35);
  tell('armed: about one in four reservations is refused, and one in three credits, after the money was taken');
  const customer_id = newClientId('cus');
  const placed = await Promise.all(
    Array.from({ length: ORDERS }, () => placeOrder(service, { ...CHARGED_GOODS, customer_id })),
  );
  const orders = await Promise.all(placed.map(({ order_id }) => untilEnded(order_id)));
  await disarmFaults(operator);
  const shipped = orders.filter(({ status }) => status === 'FULFILLED');
  const cancelled = orders.filter(({ status }) => status === 'CANCELLED');
  const sagaOf = ({ order_id }: OrderResponse): Promise<SagaResponse> => readSaga(service, `order-${order_id}`);

  await claim('each of the twenty is paid and shipped, or cancelled', async () => {
    must(shipped.length + cancelled.length === ORDERS, orders.map(({ status }) => status).join(', '));
    return `${shipped.length} FULFILLED, ${cancelled.length} CANCELLED`;
  });
  await claim('the saga of each shipped order is completed, with every step done', async () => {
    for (const saga of await Promise.all(shipped.map(sagaOf))) {
      must(saga.state === 'completed' && saga.steps_done === saga.steps_total, describe(saga));
    }
  });
  await claim('the saga of each cancelled order has undone all that was done', async () => {
    for (const saga of await Promise.all(cancelled.map(sagaOf))) {
      tell(describe(saga));
      const isWhole = saga.steps.every(({ state }) => ['undone', 'failed', 'pending'].includes(state));
      must(saga.state === 'compensated' && isWhole, describe(saga));
    }
  });
  await claim(
    'the stock is right: nothing is reserved for a cancelled order, and one piece is gone per shipped order',
    async () => {
      const { reservations } = await checker.holds(PATIENCE_MS);
      const ids = new Set(cancelled.map(({ order_id }) => order_id));
      const kept = reservations.filter(({ order_id, state }) => ids.has(order_id) && state !== 'RELEASED');
      must(kept.length === 0, `still reserved: ${JSON.stringify(kept)}`);
      const { stock, reserved } = await readStock(query);
      must(reserved === before.reserved, `${reserved} reserved, ${before.reserved} before`);
      must(stock === before.stock - shipped.length, `${stock} in stock, ${before.stock} before`);
      return `${stock} in stock, ${before.stock} before; ${reserved} reserved`;
    },
  );
  await claim('the ledger is right: the balance is the sum of the shipped orders', async () => {
    const sum = shipped.reduce((total, { amount }) => total + amount, 0);
    const balance = await readBalance(service, customer_id);
    must(balance === sum, `the balance is ${balance}, the orders are ${sum}`);
    return `balance ${balance}`;
  });

  function untilEnded(orderId: string): Promise<OrderResponse> {
    return eventually(
      async () => {
        const order = await readOrder(service, orderId);
        const { status } = order;
        must(status === 'FULFILLED' || status === 'CANCELLED', `order ${orderId} is still ${status}`);
        return order;
      },
      { deadlineMs: PATIENCE_MS, everyMs: 200 },
    );
  }
}

async function readStock(query: Scene['query']): Promise<{ stock: number; reserved: number }> {
  const [row] = await query<{ stock: number; reserved: number }>(
    'SELECT stock, reserved FROM product WHERE sku = $1',
    CHARGED_GOODS.product_sku,
  );
  must(row !== undefined, 'the product is gone');
  return row;
}

/** A line: the saga, and the state of each of its steps. */
function describe({ saga_id, state, steps }: SagaResponse): string {
  const states = steps.map(({ name, state, error }) => `${name} ${state}${state === 'failed' ? ` (${error})` : ''}`);
  return `${saga_id} ${state}: ${states.join(', ')}`;
}
