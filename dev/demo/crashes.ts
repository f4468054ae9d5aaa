import { checkTopics, countDuplicates } from '../../testing/checker/topic-rules';
import { eventually, must } from '../../testing/eventually';
import { armFault } from '../../testing/faults';
import { newClientId, pay, payUntilSettled, placeOrder, readBalance, untilStatus } from '../../testing/shop';
import { orBroken, PATIENCE_MS, type Scene } from './scene';

/**
 * Shows crash 1 of the design: the API dies after the payment is accepted, before the response and the saga's start.
 */
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
  await claim('the sweeper starts the saga: the order is paid without another request', async () => {
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

/** Shows crash 2 of the design: the worker dies after the invoice is closed, before the balance is credited. */
export async function tellWorkerCrash(scene: Scene): Promise<void> {
  const { service, narrator, checker, crashAt, query } = scene;
  const { chapter, tell, claim } = narrator;
  chapter(
    'Crash 2: the worker dies between "invoice closed" and "balance credited"',
    'Temporal repeats the step, whose idempotency key has its result: the saga continues, and no payment is half done.',
  );
  const order = await placeOrder(service);
  const payment_id = newClientId('pay');
  const atClose = await crashAt('worker', 'billing.close_invoice.done');
  const atCredit = await crashAt('worker', 'ledger.credit_balance');
  const asking = orBroken(pay(service, order, { payment_id, wait: 1 }));
  tell(`SIGKILL of the worker, process ${await atClose.happened()}, at billing.close_invoice.done`);

  await claim('the invoice is CLOSED, and nothing is credited', async () => {
    const [now] = await query<{ status: string; credits: number }>(
      `SELECT status, (SELECT count(*)::int FROM ledger_transaction WHERE reference = $2) AS credits
       FROM invoice WHERE order_id = $1`,
      order.order_id,
      `payment-${payment_id}`,
    );
    must(now?.status === 'CLOSED' && now.credits === 0, JSON.stringify(now));
    return `invoice ${now.status}, ${now.credits} credits`;
  });
  await claim('the client gets 202: the saga continues', async () => {
    const answer = await asking;
    must(answer?.status === 202 && answer.body.status === 'pending', `answered ${answer?.status} ${answer?.text}`);
    return answer.headers.get('location') ?? '';
  });
  await claim('the worker that replaces it dies as well, at ledger.credit_balance', async () => {
    await atCredit.happened();
    return `now process ${await atCredit.recovered()}`;
  });
  await claim('the saga continues all the same: the payment is settled', async () => {
    const paid = await payUntilSettled(service, order, { payment_id }, PATIENCE_MS);
    must(paid.status === 200, paid.text);
  });
  await claim('each step happened once: one closing, one credit', async () => {
    const { events, ledger } = await checker.holds(PATIENCE_MS);
    const { invoice_id } = order;
    const closings = events.filter(
      (event) => event.aggregate_id === invoice_id && event.type === 'invoice.closed',
    ).length;
    const credits = ledger.filter(({ reference }) => reference === `payment-${payment_id}`).length;
    const balance = await readBalance(service, order.customer_id);
    must(closings === 1 && credits === 1 && balance === order.amount, `${closings}, ${credits}, balance ${balance}`);
    return `balance ${balance}`;
  });
}

const ORDERS = 12;
/** More passes than there are while the relay waits. */
const MANY = 10_000;

/** Shows crash 3 of the design: the worker dies after Kafka stored the batch, before the outbox has its mark. */
export async function tellRelayCrash(scene: Scene): Promise<void> {
  const { service, operator, narrator, checker, crashAt, query } = scene;
  const { chapter, tell, claim } = narrator;
  chapter(
    'Crash 3: the relay dies after Kafka took a batch, before its rows were marked',
    'It cannot know, so it sends again: in order, and every consumer applies each event once.',
  );
  const before = countDuplicates((await checker.holds(PATIENCE_MS)).messages);
  await armFault(operator, 'relay.before_send', 'error', MANY);
  const orders = await Promise.all(Array.from({ length: ORDERS }, () => placeOrder(service)));
  await Promise.all(
    orders.map((order) => payUntilSettled(service, order, { payment_id: newClientId('pay') }, PATIENCE_MS)),
  );
  const [waiting] = await query<{ rows: number }>('SELECT count(*)::int AS rows FROM outbox');
  tell(`${ORDERS} orders placed and paid while the relay is held back: ${waiting?.rows} rows wait in the outbox`);

  const crash = await crashAt('worker', 'relay.after_send');
  await armFault(operator, 'relay.before_send', 'delay_ms');
  tell(`SIGKILL of the worker with its relay, process ${await crash.happened()}, at relay.after_send`);
  await claim('another relay takes its shards over, and nothing is lost', async () => {
    await crash.recovered();
    await Promise.all(orders.map(({ order_id }) => untilStatus(service, order_id, 'FULFILLED', PATIENCE_MS)));
    return `${ORDERS} orders FULFILLED`;
  });

  const snapshot = await checker.holds(PATIENCE_MS);
  await claim('Kafka got events twice: the batch was sent again', async () => {
    const duplicates = countDuplicates(snapshot.messages) - before;
    must(duplicates > 0, 'there is no duplicate');
    return `${duplicates} duplicates among ${snapshot.messages.length} messages`;
  });
  await claim('the order held: first occurrences are versions 1, 2, 3…, repeats are replays', async () => {
    const broken = checkTopics(snapshot);
    must(broken.length === 0, broken.join('; '));
    return `${new Set(snapshot.messages.map(({ topic, key }) => `${topic} ${key}`)).size} keys`;
  });
  await claim('each consumer applied each event once: inbox and effects agree', async () => {
    const wanted = new Set(orders.map(({ order_id }) => order_id));
    const asked = snapshot.messages.filter(({ topic, key }) => /provision_service/.test(topic) && wanted.has(key));
    const provisioned = snapshot.provisionings.filter(({ order_id }) => wanted.has(order_id)).length;
    must(provisioned === ORDERS, `${provisioned} provisioning rows`);
    return `${asked.length} messages asked for ${ORDERS} services, ${provisioned} were provisioned`;
  });
}
