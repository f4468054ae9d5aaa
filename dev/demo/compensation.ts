import { must } from '../client/eventually';
import { armFault } from '../client/faults';
import { newClientId, payUntilSettled, placeOrder, readBalance, readSaga } from '../client/shop';
import { PATIENCE_MS, type Scene } from './scene';

/** A payment whose second step is refused: everything is as before. */
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

  await claim('the client is told that it was undone, and where it failed', async () => {
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
  await claim('nobody was told "paid": no such event on Kafka', async () => {
    const { messages } = await checker.snapshot();
    const told = messages
      .filter(({ value }) => value.includes(order.order_id))
      .map(({ headers }) => headers.ce_type ?? '');
    const paid = told.filter((type) => /paid|captured/.test(type));
    must(paid.length === 0, `told: ${paid.join(', ')}`);
    return told.map((type) => type.replace('com.paysaga.', '')).join(', ');
  });
  await claim('the customer can pay again, with a new payment', async () => {
    const again = await payUntilSettled(service, order, { payment_id: newClientId('pay') }, PATIENCE_MS);
    must(again.status === 200, again.text);
  });
}
