import type { ChargeRow, Snapshot } from '../snapshot';

/** What we say that a provider has of a charge, by its state: its amount, or nothing. */
const TAKEN: Record<ChargeRow['state'], boolean> = { asked: false, charged: true, refused: false, refunded: true };

/** Our charges, our payments and the providers' books agree: charges = captured − refunded. */
export function checkCharges({ charges, payments, books, events }: Snapshot): string[] {
  const paymentOf = new Map(payments.map((payment) => [payment.payment_id, payment]));
  const owed = new Set(
    events.filter(({ type }) => type === 'order.refund_due').map(({ aggregate_id }) => aggregate_id),
  );
  const wrong = charges.flatMap(({ payment_id, order_id, provider, state }) => {
    const status = paymentOf.get(payment_id)?.status;
    // What a provider would not pay back, an operator has, by other means.
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
    .map((id) => `${id} is charged, and nobody here asked`);
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
