import { Pool } from 'pg';
import { orderParameters, INSERT_ORDER } from './insert-order.sql';
import { type LoadSpec, runLoadProgram } from './load';

export interface RawLoadSpec extends LoadSpec {
  readonly databaseUrl: string;
  /** As many connections as the API has. */
  readonly poolSize: number;
  /** Read these in turn, instead of inserting new ones. */
  readonly orderIds?: readonly string[];
}

const SELECT_ORDER = `SELECT order_id, status, invoice_id, customer_id, product_sku, quantity, amount, currency, version,
  placed_at FROM orders WHERE order_id = $1`;

/** The limit of the database side: `pg` alone, one named statement for each request. */
runLoadProgram<RawLoadSpec>(async ({ databaseUrl, poolSize, orderIds }) => {
  const pool = new Pool({ connectionString: databaseUrl, max: poolSize });
  let sent = 0;
  return {
    async request() {
      const orderId = orderIds?.[sent++ % orderIds.length];
      const query = orderId
        ? { name: 'select', text: SELECT_ORDER, values: [orderId] }
        : { name: 'insert', text: INSERT_ORDER, values: orderParameters(sent++) };
      const { rowCount } = await pool.query(query);
      if (rowCount === 0) throw new Error(`${query.name} found nothing.`);
    },
    close: () => pool.end(),
  };
});
