import type { Queryable } from '../platform/database/statements';

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

/** The low watermarks of a relay's shards. */
export interface LowWatermarks {
  /** By shard, an id that no pending or future row is below. */
  readonly current: ReadonlyMap<number, string>;
  /** Raises them where that is safe. Queries the database at most twice a second. */
  advance(): Promise<void>;
}

const INTERVAL_MS = 500;

/**
 * Creates the ids from which claims begin. While a transaction stays open in the database, Postgres cannot remove the
 * index entries of published rows, and each claim would walk over all of them.
 *
 * Ids become visible out of order. So a watermark rises to a noted highest id only when every transaction that may have
 * drawn an id up to it has ended. A lower id that is not visible then never will be. The sequence of the ids must not
 * be cached (`CACHE 1`), or a session would draw ids ahead.
 */
export function createLowWatermarks(
  database: Queryable,
  shards: readonly number[],
  now: () => number = () => performance.now(),
): LowWatermarks {
  let current = new Map(shards.map((shard) => [shard, '0']));
  let noted: { highest: string; writers: readonly string[] } | undefined;
  let lookedAt = -INTERVAL_MS;

  return {
    get current() {
      return current;
    },
    async advance() {
      if (now() - lookedAt < INTERVAL_MS) return;
      lookedAt = now();
      // In this order: a transaction that draws a higher id later is in the set, or has ended.
      const highest = await readHighestId(database);
      const writers = await readWriters(database);
      if (noted?.writers.every((writer) => !writers.has(writer))) {
        current = await readLowestIds(database, current, noted.highest);
        noted = undefined;
      }
      noted ??= { highest, writers: [...writers] };
    },
  };
}
