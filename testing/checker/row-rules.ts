import { customerAccount } from '../../src/domain/ledger';
import type { Order } from '../../src/domain/order';
import { sagaSteps } from '../../src/temporal-contract';
import { groupBy, sumBy } from './group';
import type { ChargeRow, ReservationRow, SagaRow, Snapshot } from './snapshot.sql';

/** The status of an order's invoice, by the status of the order at rest. */
const INVOICE_OF: Record<Order['status'], string> = {
  PENDING_PAYMENT: 'OPEN',
  PAID: 'PAID',
  FULFILLED: 'PAID',
  CANCELLED: 'VOID',
  REFUNDED: 'PAID',
  REFUND_DUE: 'PAID',
};

/** Checks that order, invoice, payment, saga and ledger agree, and that nothing is half paid. */
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
    // An order saga may end before it requests a payment.
    const never = type === 'order' && !payment;
    expect(never || payment?.status === 'FAILED', `compensated, and the payment is ${payment?.status}`);
    expect(type !== 'order' || order?.status === 'CANCELLED', `compensated, and the order is ${order?.status}`);
    expect(invoice?.payment_id !== payment_id, 'compensated, and still holds the invoice');
    expect(booked.length % 2 === 0, `compensated, with ${booked.length} ledger transactions`);
    expect(done.length === 0, `compensated, and ${done.join(', ')} is still done`);
  } else expect(false, `has not ended, it is ${state}`);
  return wrong;
}

/** Whether our row says that the provider took the money, by the state of the charge. */
const TAKEN: Record<ChargeRow['state'], boolean> = { asked: false, charged: true, refused: false, refunded: true };

/** Checks that our charges, our payments and the providers' books agree: charges = captured − refunded. */
export function checkCharges({ charges, payments, books, events }: Snapshot): string[] {
  const paymentOf = new Map(payments.map((payment) => [payment.payment_id, payment]));
  const owed = new Set(
    events.filter(({ type }) => type === 'order.refund_due').map(({ aggregate_id }) => aggregate_id),
  );
  const wrong = charges.flatMap(({ payment_id, order_id, provider, state }) => {
    const status = paymentOf.get(payment_id)?.status;
    // When a provider refuses a refund, an operator returns the money by other means.
    const charged = owed.has(order_id) ? ['CAPTURED', 'REFUNDED'] : ['CAPTURED'];
    const expected = { asked: [], charged, refused: ['FAILED'], refunded: ['FAILED', 'REFUNDED'] }[state];
    if (expected.some((one) => one === status)) return [];
    return [`the charge of ${payment_id} at ${provider} is ${state}, its payment ${status}`];
  });
  return [...wrong, ...(books ? checkBooks(charges, books) : [])];
}

function checkBooks(charges: readonly ChargeRow[], books: NonNullable<Snapshot['books']>): string[] {
  const idOf = ({ provider, key }: { provider: string; key: string }): string => `${provider}/${key}`;
  const ours = new Map(charges.map((charge) => [idOf(charge), charge]));
  const theirs = new Map(books.map((charge) => [idOf(charge), charge]));
  const unknown = [...theirs.keys()]
    .filter((id) => !ours.has(id))
    .map((id) => `${id} is charged without a request of ours`);
  const different = [...ours].flatMap(([id, { state, amount }]) => {
    const booked = theirs.get(id);
    const taken = TAKEN[state] ? amount : 0;
    const paidBack = state === 'refunded' ? amount : 0;
    if ((booked?.amount ?? 0) === taken && (booked?.refunded_amount ?? 0) === paidBack) return [];
    return [
      `${id} is ${state} here; the provider took ${booked?.amount ?? 0}, refunded ${booked?.refunded_amount ?? 0}`,
    ];
  });
  return [...unknown, ...different];
}

/**
 * Checks that money is neither created nor lost: the ledger sums to zero, and balances are the settled payments without
 * those that are to be refunded.
 */
export function checkLedger({ ledger, payments, orders }: Snapshot): string[] {
  const owed = new Set(orders.filter(({ status }) => status === 'REFUND_DUE').map(({ order_id }) => order_id));
  const unbalanced = ledger.flatMap(({ ledger_transaction_id, entries }) =>
    [...sumBy(entries, ({ currency }) => currency)]
      .filter(([, sum]) => sum !== 0)
      .map(([currency, sum]) => `ledger transaction ${ledger_transaction_id} sums to ${sum} ${currency}, not to zero`),
  );
  const balances = sumBy(
    ledger.flatMap(({ entries }) => entries).filter(({ account }) => account !== 'provider_clearing'),
    ({ account, currency }) => `${account} ${currency}`,
  );
  const settled = sumBy(
    payments.filter(({ status, order_id }) => status === 'CAPTURED' && !owed.has(order_id)),
    ({ customer_id, currency }) => `${customerAccount(customer_id)} ${currency}`,
  );
  const wrong = [...new Set([...balances.keys(), ...settled.keys()])]
    .filter((account) => (balances.get(account) ?? 0) !== (settled.get(account) ?? 0))
    .map(
      (account) =>
        `balance of ${account} is ${balances.get(account) ?? 0}, its settled payments ${settled.get(account) ?? 0}`,
    );
  return [...unbalanced, ...wrong, ...bookedTwice(ledger)];
}

function bookedTwice(ledger: Snapshot['ledger']): string[] {
  const times = sumBy(
    ledger.map(({ kind, reference }) => ({ kind, reference, amount: 1 })),
    ({ kind, reference }) => `${kind} of ${reference}`,
  );
  return [...times].filter(([, count]) => count > 1).map(([what, count]) => `${what} is booked ${count} times`);
}

/** Checks that stock, shipments and their orders agree. */
export function checkShipments(snapshot: Snapshot): string[] {
  return [...checkStock(snapshot), ...checkReservations(snapshot), ...checkEnds(snapshot)];
}

const isHeld = ({ state }: ReservationRow): boolean => state === 'RESERVED' || state === 'ALLOCATED';

function checkStock({ products, reservations }: Snapshot): string[] {
  const held = sumBy(
    reservations.filter(isHeld).map(({ product_sku, quantity }) => ({ product_sku, amount: quantity })),
    ({ product_sku }) => product_sku,
  );
  return products
    .filter(({ sku, reserved }) => reserved !== (held.get(sku) ?? 0))
    .map(({ sku, reserved }) => `${reserved} of ${sku} are reserved, by orders ${held.get(sku) ?? 0}`);
}

/** Checks that no goods are reserved at rest: they were dispatched or released. */
function checkReservations({ reservations, orders }: Snapshot): string[] {
  const statusOf = new Map(orders.map(({ order_id, status }) => [order_id, status]));
  return reservations.flatMap(({ order_id, state }) => {
    const expected = statusOf.get(order_id) === 'FULFILLED' ? 'DISPATCHED' : 'RELEASED';
    return state === expected ? [] : [`order ${order_id} is ${statusOf.get(order_id)}, and its goods are ${state}`];
  });
}

/** Checks that each paid order of goods has one shipment: dispatched and fulfilled, or failed and refunded. */
function checkEnds({ shipments, sagas, orders, products }: Snapshot): string[] {
  const goods = new Set(products.filter(({ kind }) => kind === 'goods').map(({ sku }) => sku));
  const shipmentOf = new Map(shipments.map((shipment) => [shipment.order_id, shipment.status]));
  const sagaOf = new Map(sagas.filter(({ type }) => type === 'shipment').map((saga) => [saga.order_id, saga.state]));
  const ends: Partial<Record<string, readonly [shipment: string, saga: string]>> = {
    FULFILLED: ['DONE', 'completed'],
    REFUNDED: ['FAILED', 'compensated'],
    REFUND_DUE: ['FAILED', 'compensated'],
  };
  return orders
    .filter(({ product_sku }) => goods.has(product_sku))
    .flatMap(({ order_id, status }) => {
      if (status === 'PAID' && !shipmentOf.has(order_id)) return [`order ${order_id} is PAID, and has no shipment`];
      const [shipment, saga] = ends[status] ?? [];
      const found = `${shipmentOf.get(order_id)}, ${sagaOf.get(order_id)}`;
      return found === `${shipment}, ${saga}` ? [] : [`order ${order_id} is ${status}; shipment and saga are ${found}`];
    });
}
