import { evolveInvoice } from '../../../src/billing/invoice';
import { evolveProvisioning } from '../../../src/fulfilment/provisioning';
import { evolveShipment } from '../../../src/fulfilment/shipment';
import { evolveProduct } from '../../../src/inventory/product';
import { evolveOrder } from '../../../src/orders/order';
import type { EventRow } from '../../../src/outbox/append';
import { evolvePayment } from '../../../src/payments/payment';
import type { Snapshot } from '../snapshot';
import { groupBy } from './group';

type Fold = (state: object | undefined, event: EventRow) => object;

/** The registry checked each payload against its type's schema when it was written. */
const foldWith =
  <State extends object, Event>(evolve: (state: State | undefined, event: Event) => State): Fold =>
  (state, event) => ({ ...evolve(state as State | undefined, event as Event), version: event.version });

/** Without the stock, which reservations and shipments move. A row that was written past the service has no events. */
const termsOf = (product: object): object =>
  Object.fromEntries(Object.entries(product).filter(([column]) => column !== 'stock' && column !== 'reserved'));

/** Each aggregate's row is the fold of its events, whose versions count 1, 2, 3… */
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

/** The state that the events tell, or why they tell none. */
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

/** Times are compared as times, and objects without their order: Postgres and JavaScript write them in two ways. */
function plain(value: unknown): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(Object.entries(value).sort());
  const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
  return isTime ? new Date(value).toISOString() : String(value);
}
