import type { Queryable } from '../../platform/database/queryable';
import { readHighestId, readLowestIds, readWriters } from './low-bound.sql';

export interface LowBounds {
  /** By lane: no row of it has a lower id, or ever will. */
  readonly current: ReadonlyMap<number, string>;
  /** Raises them where that is safe; looks at most twice a second. */
  advance(): Promise<void>;
}

const INTERVAL_MS = 500;

/**
 * Where the claim may begin to look. While any transaction is held open in the database, Postgres can
 * remove none of the index entries of published rows, and each claim would walk over all of them.
 *
 * Ids become visible out of order, so a bound must wait for the writers: it is raised to a noted highest
 * id only when every transaction that may have drawn an id up to it has ended (design 10). What then is
 * below, and not seen, never will be. The id's sequence must not be cached (`CACHE 1`), or a session would draw
 * ids ahead.
 */
export function createLowBounds(
  database: Queryable,
  lanes: readonly number[],
  now: () => number = () => performance.now(),
): LowBounds {
  let current = new Map(lanes.map((lane) => [lane, '0']));
  let noted: { highest: string; writers: readonly string[] } | undefined;
  let lookedAt = -INTERVAL_MS;

  return {
    get current() {
      return current;
    },
    async advance() {
      if (now() - lookedAt < INTERVAL_MS) return;
      lookedAt = now();
      // In this order: who draws an id behind the highest is in the set, or has ended.
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
