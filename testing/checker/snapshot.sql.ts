import { Client } from 'pg';
import type { Invoice } from '../../src/domain/invoice';
import type { LedgerTransaction } from '../../src/domain/ledger';
import type { Order } from '../../src/domain/order';
import type { Payment } from '../../src/domain/payment';
import type { Provisioning } from '../../src/domain/provisioning';
import type { Shipment } from '../../src/domain/shipment';
import type { EventRow } from '../../src/events/append';
import type { ProviderCharge } from '../../src/payments/providers/provider';
import { sessionConfig } from '../../src/platform/database/session';
import type { SagaType } from '../../src/temporal-contract';
import type { TopicMessage } from './topic-reader';

/** A saga's row. */
export interface SagaRow {
  readonly saga_id: string;
  readonly type: SagaType;
  readonly state: string;
  readonly order_id: string;
  readonly input: { readonly payment_id: string };
  readonly result: Readonly<Record<string, string>> | null;
  readonly steps: readonly { readonly name: string; readonly state: string }[];
}

/** A product's row. */
export interface ProductRow {
  readonly sku: string;
  readonly kind: string;
  readonly stock: number | null;
  readonly reserved: number;
  readonly version: number;
}

/** A reservation's row. */
export interface ReservationRow {
  readonly order_id: string;
  readonly product_sku: string;
  readonly quantity: number;
  readonly state: 'RESERVED' | 'ALLOCATED' | 'DISPATCHED' | 'RELEASED';
}

/** A charge's row. */
export interface ChargeRow {
  readonly payment_id: string;
  readonly order_id: string;
  readonly provider: string;
  readonly key: string;
  readonly amount: number;
  readonly currency: string;
  readonly state: 'asked' | 'charged' | 'refused' | 'refunded';
}

/** The rows of all tables that must agree, at one moment. */
export interface Rows {
  readonly products: readonly ProductRow[];
  readonly orders: readonly Order[];
  readonly invoices: readonly Invoice[];
  readonly payments: readonly Payment[];
  readonly provisionings: readonly Provisioning[];
  readonly shipments: readonly Shipment[];
  readonly reservations: readonly ReservationRow[];
  readonly charges: readonly ChargeRow[];
  readonly sagas: readonly SagaRow[];
  readonly ledger: readonly LedgerTransaction[];
  readonly events: readonly EventRow[];
  /** The events that are not on Kafka yet, or not marked yet. */
  readonly outbox: readonly { readonly event_id: string; readonly parked_at: string | null }[];
  /** The idempotency keys of the consumer groups and of the sagas. */
  readonly inbox: readonly { readonly scope: string; readonly key: string }[];
  readonly deadLetters: readonly { readonly consumer_group: string; readonly key: string; readonly reason: string }[];
  readonly sales: readonly {
    readonly day: string;
    readonly currency: string;
    readonly orders: number;
    readonly amount: number;
    readonly refunded_amount: number;
  }[];
}

/** A charge on a provider's books, with the provider's name. */
export interface BookedCharge extends Pick<ProviderCharge, 'key' | 'amount' | 'currency' | 'refunded_amount'> {
  readonly provider: string;
}

/** What the checker judges: the database, and then Kafka's topics and the providers' books. */
export interface Snapshot extends Rows {
  /** Absent without a provider. */
  readonly books?: readonly BookedCharge[];
  readonly messages: readonly TopicMessage[];
}

/** Selects all rows as one document, so that they are of one moment. Amounts are numbers, times RFC 3339. */
const READ_ROWS = `
SELECT json_build_object(
    'products', (SELECT coalesce(json_agg(product), '[]') FROM product),
    'orders', (SELECT coalesce(json_agg(orders), '[]') FROM orders),
    'invoices', (SELECT coalesce(json_agg(invoice), '[]') FROM invoice),
    'payments', (SELECT coalesce(json_agg(payment), '[]') FROM payment),
    'provisionings', (SELECT coalesce(json_agg(service_provisioning), '[]') FROM service_provisioning),
    'shipments', (SELECT coalesce(json_agg(shipment), '[]') FROM shipment),
    'reservations', (SELECT coalesce(json_agg(inventory_reservation), '[]') FROM inventory_reservation),
    'charges', (SELECT coalesce(json_agg(provider_charge), '[]') FROM provider_charge),
    'sagas', (SELECT coalesce(json_agg(row), '[]') FROM (
        SELECT saga.*, (SELECT coalesce(json_agg(step), '[]') FROM saga_step AS step
                        WHERE step.saga_id = saga.saga_id) AS steps
        FROM saga) AS row),
    'ledger', (SELECT coalesce(json_agg(row), '[]') FROM (
        SELECT booked.*, (SELECT coalesce(json_agg(entry), '[]') FROM ledger_entry AS entry
                          WHERE entry.ledger_transaction_id = booked.ledger_transaction_id) AS entries
        FROM ledger_transaction AS booked) AS row),
    'events', (SELECT coalesce(json_agg(event ORDER BY aggregate_type, aggregate_id, version), '[]') FROM event),
    'outbox', (SELECT coalesce(json_agg(outbox), '[]') FROM outbox),
    'inbox', (SELECT coalesce(json_agg(json_build_object('scope', scope, 'key', key)), '[]') FROM idempotency_key),
    'deadLetters', (SELECT coalesce(json_agg(json_build_object(
        'consumer_group', consumer_group, 'key', key, 'reason', reason)), '[]') FROM dead_letter
        WHERE state IN ('retrying', 'queued', 'dead')),
    'sales', (SELECT coalesce(json_agg(sales_daily), '[]') FROM sales_daily)
) AS rows`;

/** Counts, at little cost, what has not come to rest. */
const COUNT_MOVING = `
SELECT (SELECT count(*) FROM outbox WHERE parked_at IS NULL)
     + (SELECT count(*) FROM outbox_replay WHERE finished_at IS NULL)
     + (SELECT count(*) FROM saga WHERE state IN ('running', 'compensating'))
     + (SELECT count(*) FROM event LEFT JOIN idempotency_key ON scope = 'provisioning' AND key = event_id
        WHERE type = 'invoice_paid.provision_service' AND key IS NULL)
     + (SELECT count(*) FROM event LEFT JOIN idempotency_key ON scope = 'sales-projection' AND key = event_id
        WHERE type IN ('order.paid', 'order.refunded') AND key IS NULL) AS moving`;

/** Reads the rows of the whole database. */
export async function readRows(databaseUrl: string): Promise<Rows> {
  const [row] = await query<{ rows: Rows }>(databaseUrl, READ_ROWS);
  if (!row) throw new Error('The database answered no row.');
  return row.rows;
}

/** Counts the events that are not published or applied yet, and the sagas that have not ended. */
export async function countMoving(databaseUrl: string): Promise<number> {
  const [row] = await query<{ moving: string }>(databaseUrl, COUNT_MOVING);
  return Number(row?.moving ?? Number.NaN);
}

/** Runs one statement on a new connection, and returns its rows. */
export async function query<Row>(databaseUrl: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client(sessionConfig({ url: databaseUrl, applicationName: 'paysaga-dev' }));
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, values: [...values] });
    return rows as Row[];
  } finally {
    await client.end();
  }
}
