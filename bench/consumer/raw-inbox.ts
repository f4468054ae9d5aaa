import type { Client } from 'pg';
import { newId } from '../../src/platform/ids';

/** As many as the consumer has between two commits of its offset. */
const BATCH = 100;

const APPLY = `WITH applied AS (
    INSERT INTO idempotency_key (scope, key, source, expires_at)
    SELECT 'raw', key, 'paysaga.order/0/0', now() + interval '90 days' FROM unnest($1::text[]) AS key
    ON CONFLICT DO NOTHING RETURNING true)
  INSERT INTO sales_daily (day, currency, orders, amount)
  SELECT current_date, 'EUR', count(*), count(*) * 9900 FROM applied
  ON CONFLICT (day, currency) DO UPDATE
  SET orders = sales_daily.orders + excluded.orders, amount = sales_daily.amount + excluded.amount`;

/**
 * The limit of a consumer, in events per second: the same inbox rows and the same read model, a batch in
 * one statement. Leaves out Kafka, reading the events, and that an effect may be anything.
 */
export async function rawInboxRate(client: Client, events: number): Promise<number> {
  const began = performance.now();
  for (let applied = 0; applied < events; applied += BATCH) {
    const keys = Array.from({ length: BATCH }, () => newId('evt'));
    await client.query({ name: 'apply', text: APPLY, values: [keys] });
  }
  return events / ((performance.now() - began) / 1000);
}
