import { Client } from 'pg';
import { shardOf } from '../src/events/append';
import { newId } from '../src/platform/values';

/** The rows of a placed order, each value bound once: order, invoice, their events, their outbox rows. */
export const INSERT_ORDER = `WITH new_orders AS (
    INSERT INTO orders (order_id, customer_id, product_sku, quantity, amount, currency, status, collection_method,
      invoice_id, placed_at, version)
    VALUES ($1, $3, 'vps.s', 1, 9900, 'EUR', 'PENDING_PAYMENT', 'send_invoice', $2, $4, 1)),
  new_invoice AS (
    INSERT INTO invoice (invoice_id, order_id, customer_id, amount, currency, status, issued_at, version)
    VALUES ($2, $1, $3, 9900, 'EUR', 'OPEN', $4, 1)),
  new_event AS (
    INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at,
      correlation_id)
    VALUES ($5, 'order', $1, 1, 'order.placed', 1, $7, $4, $11),
      ($6, 'invoice', $2, 1, 'invoice.issued', 1, $8, $4, $11))
  INSERT INTO outbox (event_id, shard, aggregate_id) VALUES ($5, $9, $1), ($6, $10, $2)`;

/** @param number of the order, for its customer */
export function orderParameters(number: number): unknown[] {
  const [order_id, invoice_id] = [newId('ord'), newId('inv')];
  const customer_id = `cus_bench_${number % 500}`;
  const placed_at = new Date().toISOString();
  const invoice = { invoice_id, order_id, customer_id, amount: 9900, currency: 'EUR', issued_at: placed_at };
  const order = {
    ...{ order_id, customer_id, product_sku: 'vps.s', quantity: 1, amount: 9900, currency: 'EUR' },
    ...{ collection_method: 'send_invoice', payment_method: null, invoice_id, placed_at },
  };
  return [
    ...[order_id, invoice_id, customer_id, placed_at, newId('evt'), newId('evt')],
    ...[JSON.stringify(order), JSON.stringify(invoice), shardOf(order_id), shardOf(invoice_id), newId('req')],
  ];
}

/** A notice that pays an order, as `POST /invoices/close-after-payment` takes it. */
export interface Notice {
  readonly order_id: string;
  readonly invoice_id: string;
  readonly customer_id: string;
  readonly amount: number;
  readonly payment_id: string;
}

/** Places orders whose events are on Kafka already, so that only those of their payments are relayed. */
export async function placeOrders(connectionString: string, count: number): Promise<Notice[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const notices: Notice[] = [];
    for (let number = 0; number < count; number += 1) {
      const values = orderParameters(number);
      const [order_id = '', invoice_id = '', customer_id = ''] = values.map(String);
      await client.query({ name: 'insert', text: INSERT_ORDER, values });
      notices.push({ order_id, invoice_id, customer_id, amount: 9900, payment_id: order_id.replace('ord', 'pay') });
    }
    await client.query('TRUNCATE outbox');
    return notices;
  } finally {
    await client.end();
  }
}
