import { salesConsumer } from '../../../src/analytics/sales-consumer';
import { provisioningConsumer } from '../../../src/fulfilment/provisioning-consumer';
import type { EventRow } from '../../../src/outbox/append';
import type { Snapshot } from '../snapshot';
import { groupBy, sumBy } from './group';

/** Each event had one effect per consumer, however often it arrived. */
export function checkEffects(snapshot: Snapshot): string[] {
  const { events, deadLetters } = snapshot;
  const sold = events.filter(({ type }) => type === 'order.paid');
  const refunded = events.filter(({ type }) => type === 'order.refunded');
  const asked = events.filter(({ type }) => type === 'invoice_paid.provision_service');
  const waiting = deadLetters.map(
    ({ consumer_group, key, reason }) => `a message of ${key} waits in dead_letter of ${consumer_group}: ${reason}`,
  );
  return [
    ...waiting,
    ...checkInbox(snapshot, salesConsumer.group, [...sold, ...refunded]),
    ...checkInbox(snapshot, provisioningConsumer.group, asked),
    ...checkProvisionings(snapshot, asked),
    ...checkSales(snapshot, sold, refunded),
  ];
}

function checkInbox({ inbox }: Snapshot, group: string, handled: readonly EventRow[]): string[] {
  const keys = new Set(inbox.filter(({ scope }) => scope === group).map(({ key }) => key));
  const expected = new Set(handled.map(({ event_id }) => event_id));
  const missing = [...expected].filter((id) => !keys.has(id));
  const stray = [...keys].filter((id) => !expected.has(id));
  return [
    ...missing.map((id) => `${group} has not applied event ${id}`),
    ...stray.map((id) => `${group} applied ${id}, which is not for it`),
  ];
}

/** One row for each paid service, none for anything else, and its order is fulfilled. */
function checkProvisionings({ provisionings, orders, products }: Snapshot, asked: readonly EventRow[]): string[] {
  const services = new Set(products.filter(({ kind }) => kind === 'service').map(({ sku }) => sku));
  const paid = new Set(asked.map(({ aggregate_id }) => aggregate_id));
  const rows = groupBy(provisionings, ({ order_id }) => order_id);
  return orders.flatMap(({ order_id, product_sku, status }) => {
    const count = rows.get(order_id)?.length ?? 0;
    const expected = paid.has(order_id) && services.has(product_sku) ? 1 : 0;
    if (count !== expected) return [`order ${order_id} has ${count} provisioning rows instead of ${expected}`];
    if (count === 1 && status !== 'FULFILLED') return [`order ${order_id} is provisioned, and ${status}`];
    return [];
  });
}

/** `sales_daily` is the sum over `order.paid` and `order.refunded`, each on its UTC day. */
function checkSales({ sales }: Snapshot, sold: readonly EventRow[], refunded: readonly EventRow[]): string[] {
  const dayOf = ({ occurred_at, payload }: EventRow): string =>
    `${new Date(occurred_at).toISOString().slice(0, 10)} ${(payload as { currency: string }).currency}`;
  const days = groupBy(sold, dayOf);
  const sumPerDay = (events: readonly EventRow[]): Map<string, number> =>
    sumBy(
      events.map((event) => ({ day: dayOf(event), amount: (event.payload as { amount: number }).amount })),
      ({ day }) => day,
    );
  const [paid, paidBack] = [sumPerDay(sold), sumPerDay(refunded)];
  const found = new Map(sales.map((row) => [`${row.day} ${row.currency}`, row]));
  return [...new Set([...paid.keys(), ...paidBack.keys(), ...found.keys()])].flatMap((day) => {
    const { orders = 0, amount = 0, refunded_amount = 0 } = found.get(day) ?? {};
    const said = `${orders} orders of ${amount}, ${refunded_amount} refunded`;
    const told = `${days.get(day)?.length ?? 0} orders of ${paid.get(day) ?? 0}, ${paidBack.get(day) ?? 0} refunded`;
    return said === told ? [] : [`sales_daily of ${day} says ${said}; the events ${told}`];
  });
}
