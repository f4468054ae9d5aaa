import { must } from '../client/eventually';
import {
  newClientId,
  payUntilSettled,
  placeOrder,
  readBalance,
  readSaga,
  readSales,
  untilStatus,
} from '../client/shop';
import type { TopicMessage } from '../checker/topic-messages';
import { PATIENCE_MS, type Scene } from './scene';

/** An order, its payment, its saga, and what others get to know of it. */
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
    ofOrder.forEach((message) => tell(describe(message)));
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

const describe = ({ topic, partition, offset, headers }: TopicMessage): string =>
  `${`${topic}/${partition}/${offset}`.padEnd(38)} ${headers.ce_type?.padEnd(46)} v${headers.ce_sequence}`;
