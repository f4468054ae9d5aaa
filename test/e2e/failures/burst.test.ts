import { eventually, must } from '../../../testing/eventually';
import { newClientId, type OrderResponse, pay, placeOrder } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

/** Many times the connections of a process's pool. */
const ORDERS = 150;
const DEADLINE_MS = 90_000;

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack()), 60_000);
afterAll(() => stack?.stop());

it('A burst of charged orders finds a cold worker: all are paid, and another customer is served meanwhile', async () => {
  const { service, checker } = stack;
  const customer_id = newClientId('cus');
  const lone = await placeOrder(service);
  const charged = { customer_id, collection_method: 'charge_automatically', payment_method: 'pm_ok' };
  // Some may be told to come again: the API sheds what it cannot serve in time.
  const burst = Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service, charged, DEADLINE_MS)));
  expect((await pay(service, lone)).status).toBe(200);
  await burst;
  await eventually(
    async () => {
      const list = `/orders?customer_id=${customer_id}&status=FULFILLED&limit=200`;
      const { body } = await service.call<{ data: OrderResponse[] }>('GET', list);
      must(body.data.length === ORDERS, `${body.data.length} of ${ORDERS} orders are fulfilled.`);
    },
    { deadlineMs: DEADLINE_MS, everyMs: 500 },
  );
  await checker.holds(DEADLINE_MS);
}, 240_000);
