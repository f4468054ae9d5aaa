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
  const paying = snapshot.sagas.filter(({ type }) => type !== 'shipment');
  return [...checkOrders(snapshot), ...paying.flatMap((saga) => checkSaga(saga, snapshot))];
}

function checkOrders({ orders, invoices, sagas }: Snapshot): string[] {
  const invoiceOf = new Map(invoices.map((invoice) => [invoice.order_id, invoice]));
  const completed = groupBy(
    sagas.filter(({ type, state }) => type !== 'shipment' && state === 'completed'),
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

function checkSaga(saga: SagaRow, { orders, payments, invoices, ledger }: Snapshot): string[] {
  const { saga_id, type, state, result, steps } = saga;
  const wrong: string[] = [];
  const expect = (holds: boolean, otherwise: string): void => void (holds || wrong.push(`${saga_id}: ${otherwise}`));

  const { payment_id } = saga.input;
  const order = orders.find((row) => row.order_id === saga.order_id);
  const isReversed = order?.status === 'REFUNDED' || order?.status === 'REFUND_DUE';
  const payment = payments.find((row) => row.payment_id === payment_id);
  const invoice = invoices.find((row) => row.order_id === saga.order_id);
  const booked = ledger.filter(({ reference }) => reference === saga_id);
  const done = steps.filter((step) => step.state === 'done').map(({ name }) => name);

  if (state === 'completed') {
    const expected = order?.status === 'REFUNDED' ? 'REFUNDED' : 'CAPTURED';
    expect(payment?.status === expected, `completed, the order ${order?.status}, and the payment ${payment?.status}`);
    expect(invoice?.payment_id === payment_id, `completed, and the invoice was paid by ${invoice?.payment_id}`);
    expect(result?.capture_ref === invoice?.capture_ref, 'its capture_ref is not that of the invoice');
    const credit = booked.find(({ kind }) => kind === 'payment_credit');
    expect(booked.length === (isReversed ? 2 : 1), `completed, with ${booked.length} ledger transactions`);
    expect(result?.balance_tx_id === credit?.ledger_transaction_id, 'its balance_tx_id is not in the ledger');
    expect(
      sagaSteps[type].every((name) => done.includes(name)),
      `completed with the steps ${done.join(', ')} done`,
    );
  } else if (state === 'compensated') {
    // An order saga may end before it has asked for any payment.
    const never = type === 'order' && !payment;
    expect(never || payment?.status === 'FAILED', `compensated, and the payment is ${payment?.status}`);
    expect(type !== 'order' || order?.status === 'CANCELLED', `compensated, and the order is ${order?.status}`);
    expect(invoice?.payment_id !== payment_id, 'compensated, and still holds the invoice');
    expect(booked.length % 2 === 0, `compensated, with ${booked.length} ledger transactions`);
    expect(done.length === 0, `compensated, and ${done.join(', ')} is still done`);
  } else expect(false, `has not ended, it is ${state}`);
  return wrong;
}
