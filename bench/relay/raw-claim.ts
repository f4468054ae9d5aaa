import { Client } from 'pg';
import { fillOutbox, ROWS } from './fill-outbox';

/** Skips what the other connection has in hand. */
const CLAIM_AND_DELETE = `DELETE FROM outbox USING event
  WHERE outbox.id IN (SELECT id FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
    AND event.event_id = outbox.event_id
  RETURNING outbox.id, event.event_id, event.aggregate_id, event.version, event.type, event.data_version,
    event.payload::text, event.occurred_at::text, event.correlation_id`;

export interface RawClaimOptions {
  readonly databaseUrl: string;
  /** As many as the relay has groups. */
  readonly connections: number;
  /** As many rows as a group's round has. */
  readonly batchSize: number;
}

/**
 * The limit of the database side, in rows per second: take and delete in one statement. Leaves out
 * leases, shards, due times, held aggregates, and all safety: what is deleted here is not sent yet.
 */
export async function rawClaimRate(client: Client, options: RawClaimOptions): Promise<number> {
  await fillOutbox(client, ROWS);
  const began = performance.now();
  const taken = await Promise.all(Array.from({ length: options.connections }, () => takeAll(options)));
  const seconds = (performance.now() - began) / 1000;
  const rows = taken.reduce((sum, count) => sum + count, 0);
  if (rows !== ROWS) throw new Error(`${rows} rows were taken instead of ${ROWS}.`);
  return rows / seconds;
}

async function takeAll({ databaseUrl, batchSize }: RawClaimOptions): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let taken = 0; ;) {
      const { rowCount } = await client.query({ name: 'take', text: CLAIM_AND_DELETE, values: [batchSize] });
      if (!rowCount) return taken;
      taken += rowCount;
    }
  } finally {
    await client.end();
  }
}
