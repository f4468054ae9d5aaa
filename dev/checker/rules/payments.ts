import { sagaSteps } from '../../../src/contract';
import type { Order } from '../../../src/orders/order';
import type { SagaRow, Snapshot } from '../snapshot';
import { groupBy } from './group';

/** Which invoices an order may have, once nothing is on its way any more. */
const INVOICE_OF: Record<Order['status'], string> = {
  PENDING_PAYMENT: 'OPEN',
  PAID: 'PAID',
  FULFILLED: 'PAID',
  CANCELLED: 'VOID',
  REFUNDED: 'PAID',
  REFUND_DUE: 'PAID',
};

/** Order, invoice, payment, saga and ledger tell the same story; nothing is half paid. */
export function checkPayments(snapshot: Snapshot): string[] {
  return [...checkOrders(snapshot), ...snapshot.sagas.flatMap((saga) => checkSaga(saga, snapshot))];
}

function checkOrders({ orders, invoices, sagas }: Snapshot): string[] {
  const invoiceOf = new Map(invoices.map((invoice) => [invoice.order_id, invoice]));
  const completed = groupBy(
    sagas.filter(({ state }) => state === 'completed'),
    ({ order_id }) => order_id,
  );
  return orders.flatMap(({ order_id, invoice_id, amount, status }) => {
    const invoice = invoiceOf.get(order_id);
    if (!invoice || invoice.invoice_id !== invoice_id) return [`order ${order_id} does not have its invoice`];
    const wrong: string[] = [];
    if (invoice.amount !== amount) wrong.push(`order ${order_id} is ${amount}, its invoice ${invoice.amount}`);
    if (invoice.status !== INVOICE_OF[status])
      wrong.push(`order ${order_id} is ${status}, its invoice ${invoice.status}`);
    const settledBy = completed.get(order_id)?.length ?? 0;
    const expected = INVOICE_OF[status] === 'PAID' ? 1 : 0;
    if (settledBy !== expected) wrong.push(`order ${order_id} is ${status}, and ${settledBy} sagas settled it`);
    return wrong;
  });
}

function checkSaga(saga: SagaRow, { payments, invoices, ledger }: Snapshot): string[] {
  const { saga_id, state, result, steps } = saga;
  const wrong: string[] = [];
  const expect = (holds: boolean, otherwise: string): void => void (holds || wrong.push(`${saga_id}: ${otherwise}`));

  const { payment_id } = saga.input;
  const payment = payments.find((row) => row.payment_id === payment_id);
  const invoice = invoices.find((row) => row.order_id === saga.order_id);
  const booked = ledger.filter(({ reference }) => reference === saga_id);
  const done = steps.filter((step) => step.state === 'done').map(({ name }) => name);

  if (state === 'completed') {
    expect(payment?.status === 'CAPTURED', `completed, and the payment is ${payment?.status}`);
    expect(invoice?.payment_id === payment_id, `completed, and the invoice was paid by ${invoice?.payment_id}`);
    expect(result?.capture_ref === invoice?.capture_ref, 'its capture_ref is not that of the invoice');
    expect(booked.length === 1, `completed, with ${booked.length} ledger transactions`);
    expect(result?.balance_tx_id === booked[0]?.ledger_transaction_id, 'its balance_tx_id is not in the ledger');
    expect(
      sagaSteps.payment.every((name) => done.includes(name)),
      `completed with the steps ${done.join(', ')} done`,
    );
  } else if (state === 'compensated') {
    expect(payment?.status === 'FAILED', `compensated, and the payment is ${payment?.status}`);
    expect(invoice?.payment_id !== payment_id, 'compensated, and still holds the invoice');
    expect(booked.length % 2 === 0, `compensated, with ${booked.length} ledger transactions`);
    expect(done.length === 0, `compensated, and ${done.join(', ')} is still done`);
  } else expect(false, `has not ended, it is ${state}`);
  return wrong;
}
