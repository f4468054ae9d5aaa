import { createTestDatabase, type TestDatabase } from '../../support/database';

const ROUNDS = 10;
const ROWS_PER_ROUND = 100_000;
const BATCH = 5_000;
const MEGABYTE = 1024 * 1024;

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
  await db.query(
    `INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at, correlation_id)
     SELECT 'evt_' || lpad(n::text, 32, '0'), 'thing', 'thing_' || lpad((n % 5000)::text, 30, '0'), 1 + n / 5000,
       'thing.happened', 1, '{}', now(), 'req_test'
     FROM generate_series(0, $1::int - 1) AS n`,
    ROWS_PER_ROUND,
  );
});
afterAll(() => db.close());

/** Every event of the log once more, as if it had just happened. */
const fill = () =>
  db.query(
    'INSERT INTO outbox (event_id, shard, aggregate_id) SELECT event_id, right(aggregate_id, 4)::int % 16, aggregate_id FROM event',
  );

/** Deletes it in the order of the ids, as the relay does in the end. @returns how many rows went */
async function drain(): Promise<number> {
  let drained = 0;
  const [range] = await db.query<{ first: string; last: string }>(
    'SELECT min(id) AS first, max(id) AS last FROM outbox',
  );
  const last = Number(range?.last);
  for (let from = Number(range?.first); from <= last; from += BATCH) {
    const deleted = await db.query(
      'DELETE FROM outbox WHERE id BETWEEN $1 AND $2 RETURNING id',
      from,
      from + BATCH - 1,
    );
    drained += deleted.length;
  }
  return drained;
}

async function sizeOnDisk(): Promise<number> {
  const [row] = await db.query<{ bytes: string }>(`SELECT pg_total_relation_size('outbox') AS bytes`);
  return Number(row?.bytes);
}

it('stays small when a million rows have gone through it, vacuumed as often as by autovacuum', async () => {
  const sizes: number[] = [];
  let drained = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    await fill();
    drained += await drain();
    // Autovacuum looks every minute by default; see the test below for when it finds something to do.
    await db.query('VACUUM outbox');
    sizes.push(await sizeOnDisk());
  }
  expect(drained).toBe(ROUNDS * ROWS_PER_ROUND);
  // Pages of the indexes that were emptied serve again; the table itself is given back.
  expect(Math.max(...sizes)).toBeLessThan(48 * MEGABYTE);
  // Were nothing used again, it would be more than three times the third. How much is free at once, vacuum's luck with
  // the table's lock decides.
  expect(sizes.at(-1)).toBeLessThanOrEqual(2 * (sizes[2] ?? 0));
}, 120_000);

it('is vacuumed after some thousand dead rows, whatever its size, without pauses, and with its indexes', async () => {
  const options = await db.query<{ option: string }>(
    `SELECT unnest(reloptions) AS option FROM pg_class WHERE oid = 'outbox'::regclass`,
  );
  expect(options.map(({ option }) => option).sort()).toEqual([
    'autovacuum_vacuum_cost_delay=0',
    'autovacuum_vacuum_scale_factor=0',
    'autovacuum_vacuum_threshold=5000',
    'vacuum_index_cleanup=on',
  ]);
});
