import type { Queryable } from '../../platform/database/queryable';

/** Returns the highest id that any transaction has drawn so far, as text. */
export async function readHighestId(database: Queryable): Promise<string> {
  const [row] = await database.$queryRawUnsafe<{ highest: string }[]>(
    `SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')), 0)::text AS highest`,
  );
  return row?.highest ?? '0';
}

/**
 * Returns the open transactions that may have drawn an id. An INSERT takes this lock before it draws an id, and its
 * transaction keeps it to its end. The xmin of a snapshot does not show that: an id is drawn before the transaction has
 * a number.
 */
export async function readWriters(database: Queryable): Promise<Set<string>> {
  const rows = await database.$queryRawUnsafe<{ virtualtransaction: string }[]>(
    `SELECT DISTINCT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'outbox'::regclass AND mode = 'RowExclusiveLock'
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return new Set(rows.map(({ virtualtransaction }) => virtualtransaction));
}

/** Returns by shard the lowest id from its watermark up to `highest`, or `highest` + 1 without a row. */
export async function readLowestIds(
  database: Queryable,
  watermarks: ReadonlyMap<number, string>,
  highest: string,
): Promise<Map<number, string>> {
  const rows = await database.$queryRawUnsafe<{ shard: number; lowest: string }[]>(
    `SELECT watermark.shard::int, coalesce(
       (SELECT id FROM outbox WHERE outbox.shard BETWEEN watermark.shard AND watermark.shard AND id BETWEEN watermark.low AND $3::bigint
        ORDER BY outbox.shard, id LIMIT 1), $3::bigint + 1)::text AS lowest
     FROM unnest($1::smallint[], $2::bigint[]) AS watermark (shard, low)`,
    [...watermarks.keys()],
    [...watermarks.values()],
    highest,
  );
  return new Map(rows.map(({ shard, lowest }) => [shard, lowest]));
}
