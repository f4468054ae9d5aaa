import { eventually } from '../../../testing/eventually';
import { newClientId, pay, placeOrder, readOrder, readOrderEvents, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const DEADLINE_MS = 40_000;

let stack: E2eStack;
beforeAll(async () => {
  stack = await startE2eStack({ env: { ORDER_PAYMENT_TIMEOUT: '4s', ORDER_PAYMENT_SWEEP_INTERVAL_MS: '1000' } });
}, 60_000);
afterAll(() => stack?.stop());

it('cancels only orders that are not paid in time, also when a worker is killed', async () => {
  const orders = await Promise.all(Array.from({ length: 10 }, () => placeOrder(stack.service)));
  const [paid, unpaid] = [orders.slice(0, 4), orders.slice(4)];
  const answers = await Promise.all(paid.map((order) => pay(stack.service, order)));
  expect(answers.map(({ status }) => status)).toEqual(paid.map(() => 200));

  await untilStatus(stack.service, unpaid[0]?.order_id ?? '', 'CANCELLED', DEADLINE_MS);
  await stack.processes.kill('worker');
  const later = await placeOrder(stack.service);
  for (const { order_id } of [...unpaid, later]) await untilStatus(stack.service, order_id, 'CANCELLED', DEADLINE_MS);
  for (const { order_id } of paid) await untilStatus(stack.service, order_id, 'FULFILLED', DEADLINE_MS);

  const cancelled = (await readOrderEvents(stack.service, later.order_id)).at(-1);
  expect(cancelled).toMatchObject({ type: 'order.cancelled', payload: { reason: 'It was not paid within 4s.' } });
  const refused = await pay(stack.service, later, { payment_id: newClientId('pay') });
  expect([refused.status, refused.body.code]).toEqual([409, 'order_not_payable']);
  await stack.checker.holds(DEADLINE_MS);
}, 150_000);

it('sweeps repeatedly, and keeps paid orders', async () => {
  const order = await placeOrder(stack.service);
  await pay(stack.service, order);
  const swept = () => stack.query(`SELECT FROM event WHERE type = 'order.cancelled'`);
  const before = (await swept()).length;
  const unpaid = await placeOrder(stack.service);
  await eventually(async () => expect((await swept()).length).toBe(before + 1), { deadlineMs: DEADLINE_MS });
  expect((await readOrder(stack.service, unpaid.order_id)).status).toBe('CANCELLED');
  expect((await readOrder(stack.service, order.order_id)).status).toBe('FULFILLED');
}, 90_000);
