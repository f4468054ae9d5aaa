import { must } from '../client/eventually';
import { newClientId, pay, payUntilSettled, placeOrder, readBalance } from '../client/shop';
import { orBroken, PATIENCE_MS, type Scene } from './scene';

/** Crash 2 of the design: the invoice is closed, the balance not yet credited. */
export async function tellWorkerCrash(scene: Scene): Promise<void> {
  const { service, narrator, checker, crashAt, query } = scene;
  const { chapter, tell, claim } = narrator;
  chapter(
    'Crash 2: the worker dies between "invoice closed" and "balance credited"',
    'Temporal remembers the step, the once-key that it was done: the saga goes on, never half a payment.',
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
  await claim('the client is told that it goes on: 202', async () => {
    const answer = await asking;
    must(answer?.status === 202 && answer.body.status === 'pending', `answered ${answer?.status} ${answer?.text}`);
    return answer.headers.get('location') ?? '';
  });
  await claim('the worker that replaces it dies as well, at ledger.credit_balance', async () => {
    await atCredit.happened();
    return `now process ${await atCredit.recovered()}`;
  });
  await claim('the saga goes on all the same: the payment is settled', async () => {
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
