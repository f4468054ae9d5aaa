import type { Queryable } from '../../platform/database/queryable';
import { readHighestId, readLowestIds, readWriters } from './low-watermark.sql';

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
