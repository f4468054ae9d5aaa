import { salesConsumer } from '../../src/analytics/sales';
import { evolveInvoice } from '../../src/domain/invoice';
import { evolveOrder } from '../../src/domain/order';
import { evolvePayment } from '../../src/domain/payment';
import { evolveProduct } from '../../src/domain/product';
import { evolveProvisioning } from '../../src/domain/provisioning';
import { evolveShipment } from '../../src/domain/shipment';
import type { EventRow } from '../../src/events/append';
import { provisioningConsumer } from '../../src/fulfilment/provision';
import { groupBy, sumBy } from './group';
import type { Snapshot } from './snapshot.sql';

type Fold = (state: object | undefined, event: EventRow) => object;

/** The registry checked each payload against its type's schema when the event was written. */
const foldWith =
  <State extends object, Event>(evolve: (state: State | undefined, event: Event) => State): Fold =>
  (state, event) => ({ ...evolve(state as State | undefined, event as Event), version: event.version });

/**
 * Without the stock, which reservations and shipments change. A row that was written past the service has no events.
 */
const termsOf = (product: object): object =>
  Object.fromEntries(Object.entries(product).filter(([column]) => column !== 'stock' && column !== 'reserved'));

/** Checks that each aggregate's row is the fold of its events, whose versions are 1, 2, 3 and so on. */
export function checkAggregates(snapshot: Snapshot): string[] {
  const byAggregate = groupBy(
    snapshot.events,
    ({ aggregate_type, aggregate_id }) => `${aggregate_type} ${aggregate_id}`,
  );
  const gaps = [...byAggregate]
    .filter(([, events]) => events.some(({ version }, index) => version !== index + 1))
    .map(([aggregate, events]) => `versions of ${aggregate} are ${events.map(({ version }) => version).join(', ')}`);

  const compare = (type: string, rows: readonly object[], idColumn: string, fold: Fold): string[] => {
    const known = new Map(rows.map((row) => [`${type} ${String(read(row, idColumn))}`, row]));
    const without = [...byAggregate.keys()].filter(
      (aggregate) => aggregate.startsWith(`${type} `) && !known.has(aggregate),
    );
    const different = [...known].flatMap(([aggregate, row]) => {
      const folded = foldAll(fold, byAggregate.get(aggregate) ?? []);
      return typeof folded === 'string' ? [`${aggregate}: ${folded}`] : differences(aggregate, row, folded);
    });
    return [...without.map((aggregate) => `${aggregate} has events, and no row`), ...different];
  };
  return [
    ...gaps,
    ...compare('product', snapshot.products.filter(({ version }) => version > 0).map(termsOf), 'sku', (state, event) =>
      termsOf(foldWith(evolveProduct)(state, event)),
    ),
    ...compare('order', snapshot.orders, 'order_id', foldWith(evolveOrder)),
    ...compare('invoice', snapshot.invoices, 'invoice_id', foldWith(evolveInvoice)),
    ...compare('payment', snapshot.payments, 'payment_id', foldWith(evolvePayment)),
    ...compare('shipment', snapshot.shipments, 'shipment_id', foldWith(evolveShipment)),
    ...compare('service', snapshot.provisionings, 'provisioning_id', foldWith(evolveProvisioning)),
  ];
}

/** Returns the state that the events result in, or the error of folding them. */
function foldAll(fold: Fold, events: readonly EventRow[]): object | string {
  try {
    return events.reduce<object | undefined>(fold, undefined) ?? 'has no events';
  } catch (error) {
    return `its events cannot be folded: ${String(error)}`;
  }
}

const read = (row: object, column: string): unknown => (row as Record<string, unknown>)[column];

function differences(aggregate: string, row: object, folded: object): string[] {
  return [...new Set([...Object.keys(row), ...Object.keys(folded)])]
    .filter((column) => plain(read(row, column)) !== plain(read(folded, column)))
    .map(
      (column) =>
        `${aggregate}: column ${column} is ${plain(read(row, column))}, its events say ${plain(read(folded, column))}`,
    );
}

/**
 * Compares times as times, and objects without the order of their fields: PostgreSQL and JavaScript write them
 * differently.
 */
function plain(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(Object.entries(value).sort());
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
  return isTime ? new Date(value).toISOString() : String(value);
}

/** Checks that each event had one effect per consumer, however often it arrived. */
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

/** Checks that each paid service, and nothing else, has one row and a fulfilled order. */
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

/** Checks that `sales_daily` is the sum over `order.paid` and `order.refunded`, each on its UTC day. */
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
