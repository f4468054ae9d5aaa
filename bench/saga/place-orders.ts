import { Client } from 'pg';
import { INSERT_ORDER, orderParameters } from '../orders/insert-order.sql';

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
