import type { TopicMessage } from '../../testing/checker/topic-reader';
import { countDuplicates } from '../../testing/checker/topic-rules';
import { eventually, must } from '../../testing/eventually';
import { armFault, disarmFaults } from '../../testing/faults';
import {
  CHARGED_GOODS,
  newClientId,
  type OrderResponse,
  payUntilSettled,
  placeOrder,
  readBalance,
  readOrder,
  readSaga,
  readSales,
  type SagaResponse,
  untilStatus,
} from '../../testing/shop';
import { PATIENCE_MS, type Scene } from './scene';

/** Shows an order, its payment and its saga, and what other systems see of them. */
export async function tellPayment({ service, checker, narrator }: Scene): Promise<void> {
  const { chapter, tell, claim } = narrator;
  chapter('An order is placed and paid', 'One request, one transaction each: state, event and outbox row together.');
  const order = await placeOrder(service);
  tell(`POST /orders: ${order.order_id}, ${order.amount} ${order.currency} (minor units), ${order.status}`);
  const payment_id = newClientId('pay');
  const paid = await payUntilSettled(service, order, { payment_id }, PATIENCE_MS);
  tell(`POST /invoices/close-after-payment: ${paid.status} in ${Math.round(paid.ms)} ms`);

  await claim('the payment is settled, and the answer says how', async () => {
    must(paid.status === 200, paid.text);
    return `${paid.body.capture_ref}, ${paid.body.balance_tx_id}`;
  });
  await claim('the saga shows its steps', async () => {
    const saga = await readSaga(service, paid.body.saga_id);
    must(saga.state === 'completed', `the saga is ${saga.state}`);
    if (saga.workflow_url) tell(saga.workflow_url);
    return saga.steps.map(({ name, state }) => `${name} ${state}`).join(' → ');
  });
  await claim('a consumer provisioned the service: the order is FULFILLED', async () => {
    await untilStatus(service, order.order_id, 'FULFILLED', PATIENCE_MS);
  });
  await claim('the same notice again: the same bytes, and the money is credited once', async () => {
    const again = await payUntilSettled(service, order, { payment_id }, PATIENCE_MS);
    must(again.text === paid.text, `answered ${again.text}`);
    const balance = await readBalance(service, order.customer_id);
    must(balance === order.amount, `the balance is ${balance}`);
    return `balance ${balance}`;
  });

  chapter('What Kafka got', 'Other systems build on the stream: all of it, in order, with its story in the headers.');
  const { messages } = await checker.holds(PATIENCE_MS);
  await claim('each event is a CloudEvent; per key they are versions 1, 2, 3…', async () => {
    const ofOrder = messages
      .filter(({ key, value }) => key === order.order_id || value.includes(order.order_id))
      .sort((one, other) => timeOf(one).localeCompare(timeOf(other)));
    ofOrder.forEach((message) => tell(describeMessage(message)));
    must(
      ofOrder.every(({ headers }) => headers.ce_specversion === '1.0'),
      'a message without CloudEvents headers',
    );
    const versions = ofOrder.filter(({ topic }) => topic === 'paysaga.order').map(({ headers }) => headers.ce_sequence);
    must(versions.join() === '1,2,3', `the order's versions are ${versions.join()}`);
    const requests = new Set(ofOrder.map(({ headers }) => headers.ce_correlationid));
    return `${ofOrder.length} messages, ${requests.size} correlation ids`;
  });
  await claim('the read model counts the sale from the stream', async () => {
    const [day] = await readSales(service);
    must(day?.orders === 1 && day.amount === order.amount, `GET /analytics/sales says ${JSON.stringify(day)}`);
    return `${day.day}: ${day.orders} order, ${day.amount} ${day.currency}`;
  });
}

const timeOf = ({ headers }: TopicMessage): string => headers.ce_time ?? '';

const describeMessage = ({ topic, partition, offset, headers }: TopicMessage): string =>
  `${`${topic}/${partition}/${offset}`.padEnd(38)} ${headers.ce_type?.padEnd(46)} v${headers.ce_sequence}`;

/** Shows a payment whose second step is refused, so that everything is compensated. */
export async function tellCompensation({ service, operator, checker, narrator }: Scene): Promise<void> {
  const { chapter, tell, claim } = narrator;
  chapter(
    'A payment that cannot be completed',
    'Half a payment is worse than none: what was done is undone, in reverse.',
  );
  const order = await placeOrder(service);
  await armFault(operator, 'ledger.credit_balance', 'refuse');
  tell('armed: crediting the balance will be refused, after the invoice was closed');
  const payment_id = newClientId('pay');
  const answer = await payUntilSettled(service, order, { payment_id }, PATIENCE_MS);

  await claim('the client gets the failed step, and that everything was undone', async () => {
    const { code, failed_step, saga_id } = answer.body;
    must(answer.status === 409 && code === 'saga_compensated' && failed_step === 'credit_balance', answer.text);
    return `409 ${code}, failed_step ${failed_step}, ${saga_id}`;
  });
  await claim('the saga says so, too', async () => {
    const saga = await readSaga(service, `payment-${payment_id}`);
    must(saga.state === 'compensated', `the saga is ${saga.state}`);
    return saga.steps.map(({ name, state }) => `${name} ${state}`).join(', ');
  });
  await claim('the invoice is OPEN again, the balance unchanged', async () => {
    const { invoices } = await checker.holds(PATIENCE_MS);
    const invoice = invoices.find(({ order_id }) => order_id === order.order_id);
    must(invoice?.status === 'OPEN', `the invoice is ${invoice?.status}`);
    const balance = await readBalance(service, order.customer_id);
    must(balance === 0, `the balance is ${balance}`);
    return `invoice ${invoice.status}, balance ${balance}`;
  });
  await claim('no event on Kafka says "paid"', async () => {
    const { messages } = await checker.snapshot();
    const told = messages
      .filter(({ value }) => value.includes(order.order_id))
      .map(({ headers }) => headers.ce_type ?? '');
    const paid = told.filter((type) => /paid|captured/.test(type));
    must(paid.length === 0, `published: ${paid.join(', ')}`);
    return told.map((type) => type.replace('com.paysaga.', '')).join(', ');
  });
  await claim('the customer can pay again, with a new payment', async () => {
    const again = await payUntilSettled(service, order, { payment_id: newClientId('pay') }, PATIENCE_MS);
    must(again.status === 200, again.text);
  });
}

const ORDERS = 20;
/** More passes than twenty orders need. */
const MANY = 10_000;

/**
 * Shows an inventory and a ledger that fail at random. Chance decides which orders are cancelled; the claims hold in
 * any case.
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
      must(saga.state === 'completed' && saga.steps_done === saga.steps_total, describeSaga(saga));
    }
  });
  await claim('the saga of each cancelled order has undone all that was done', async () => {
    for (const saga of await Promise.all(cancelled.map(sagaOf))) {
      tell(describeSaga(saga));
      const isWhole = saga.steps.every(({ state }) => ['undone', 'failed', 'pending'].includes(state));
      must(saga.state === 'compensated' && isWhole, describeSaga(saga));
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

/** Returns a line with the saga and the state of each of its steps. */
function describeSaga({ saga_id, state, steps }: SagaResponse): string {
  const states = steps.map(({ name, state, error }) => `${name} ${state}${state === 'failed' ? ` (${error})` : ''}`);
  return `${saga_id} ${state}: ${states.join(', ')}`;
}

/** Checks every promise against all that happened in the demo. */
export async function tellVerdict({ checker, narrator, log }: Scene): Promise<void> {
  const { chapter, tell, claim } = narrator;
  chapter('All of it, once more', 'Database and topics, row by row and message by message.');
  await claim('every promise holds: ledger, rows, sagas, topics, consumers, read models', async () => {
    const { orders, sagas, ledger, events, messages } = await checker.holds(PATIENCE_MS);
    const sum = ledger.flatMap(({ entries }) => entries).reduce((total, { amount }) => total + amount, 0);
    tell(`${orders.length} orders, ${sagas.length} sagas, all ended; the ledger sums to ${sum}`);
    tell(`${events.length} events, ${messages.length} messages, ${countDuplicates(messages)} of them duplicates`);
    return `${log.filter((line) => line.includes('ended: SIGKILL')).length} processes were killed`;
  });
}
