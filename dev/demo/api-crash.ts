import { must } from '../client/eventually';
import { newClientId, pay, payUntilSettled, placeOrder, readBalance, untilStatus } from '../client/shop';
import { eventually } from '../client/eventually';
import { orBroken, PATIENCE_MS, type Scene } from './scene';

/** Crash 1 of the design: accepted, and dead before the answer and the start of the saga. */
export async function tellApiCrash(scene: Scene): Promise<void> {
  const { service, narrator, checker, crashAt, isStarted, query } = scene;
  const { chapter, tell, claim } = narrator;
  chapter(
    'Crash 1: the API dies right after it accepted a payment',
    'Committed, not answered, no workflow started: who remembers? The database does, and a sweeper looks.',
  );
  const order = await placeOrder(service);
  const payment_id = newClientId('pay');
  const saga_id = `payment-${payment_id}`;
  const crash = await crashAt('api', 'payments.after_commit');
  const answer = orBroken(pay(service, order, { payment_id }));
  tell(`SIGKILL of the API, process ${await crash.happened()}, at payments.after_commit`);

  await claim('the payment is committed, and no workflow is started', async () => {
    const [saga] = await query<{ state: string; started: boolean }>(
      'SELECT state, started_at IS NOT NULL AS started FROM saga WHERE saga_id = $1',
      saga_id,
    );
    must(saga?.state === 'running' && !saga.started, `the saga's row says ${JSON.stringify(saga)}`);
    must(!(await isStarted(saga_id)), 'Temporal knows the workflow already');
  });
  await claim('the client got no answer', async () => {
    const got = await answer;
    must(got === undefined, `it got ${got?.status} ${got?.text}`);
    return 'connection broken';
  });
  await claim('the sweeper starts the saga: the order is paid with nobody asking', async () => {
    await eventually(async () => must(await isStarted(saga_id), `${saga_id} was not started`), {
      deadlineMs: PATIENCE_MS,
    });
    await crash.recovered();
    await untilStatus(service, order.order_id, 'FULFILLED', PATIENCE_MS);
  });
  await claim('its events are on Kafka', async () => {
    const { messages } = await checker.holds(PATIENCE_MS);
    const told = messages.filter(({ key }) => key === order.order_id);
    must(told.length >= 4, `only ${told.length} of order and notification`);
    return `${told.length} messages with its key`;
  });
  await claim("the client's retry gets the answer, and the money is credited once", async () => {
    const retry = await payUntilSettled(service, order, { payment_id }, PATIENCE_MS);
    must(retry.status === 200, retry.text);
    const balance = await readBalance(service, order.customer_id);
    must(balance === order.amount, `the balance is ${balance}`);
    return `200 ${retry.body.balance_tx_id}`;
  });
}
