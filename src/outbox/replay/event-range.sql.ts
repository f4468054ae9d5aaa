import type { Queryable } from '../../platform/database/database';
import { TAKES_LONGER } from '../../platform/database/queryable';
import type { ReplayRange } from './replay-range';

/** Below Prisma's time-out of a transaction; a log of ten million events is read in less. */
const STATEMENT_TIMEOUT_MS = 12_000;

/** A plan made for the parameters drops the criteria that are not given. */
const IN_RANGE = `($1::text[] IS NULL OR aggregate_id = ANY ($1)) AND ($2::text[] IS NULL OR type = ANY ($2))
  AND ($3::timestamptz IS NULL OR occurred_at >= $3) AND ($4::timestamptz IS NULL OR occurred_at <= $4)
  AND ($5::int IS NULL OR version >= $5) AND ($6::int IS NULL OR version <= $6)`;

const parametersOf = ({ aggregate_ids, types, from, to, versions }: ReplayRange): unknown[] => [
  aggregate_ids ?? null,
  types ?? null,
  from ?? null,
  to ?? null,
  versions?.from ?? null,
  versions?.to ?? null,
];

/** How much of one event type is in a range. */
export interface RangeCount {
  /** `null` for the sum over all types. */
  readonly type: string | null;
  readonly events: number;
  readonly keys: number;
  readonly oldest: Date | null;
}

/** Counts the events of a range by type. Needs a transaction, for a longer statement time-out. */
export async function countRange(tx: Queryable, range: ReplayRange): Promise<RangeCount[]> {
  await tx.$queryRawUnsafe(`SELECT set_config('statement_timeout', '${STATEMENT_TIMEOUT_MS}ms', true)`);
  return tx.$queryRawUnsafe<RangeCount[]>(
    `${TAKES_LONGER} SELECT type, count(*)::int AS events, count(DISTINCT aggregate_id)::int AS keys,
       min(occurred_at) AS oldest
     FROM event WHERE ${IN_RANGE} GROUP BY GROUPING SETS ((type), ()) ORDER BY type`,
    ...parametersOf(range),
  );
}

/** Counts the events of a range that each consumer group has applied. */
export async function countApplied(
  tx: Queryable,
  range: ReplayRange,
  groups: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.$queryRawUnsafe<{ group: string; applied: number }[]>(
    `${TAKES_LONGER} SELECT idempotency_key.scope AS group, count(*)::int AS applied
     FROM event JOIN idempotency_key ON idempotency_key.scope = ANY ($7::text[]) AND idempotency_key.key = event.event_id
     WHERE ${IN_RANGE} GROUP BY idempotency_key.scope`,
    ...parametersOf(range),
    groups,
  );
  return new Map(rows.map(({ group, applied }) => [group, applied]));
}

/** A place in the log. Its order is the version order of each aggregate. */
export interface LogPlace {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly version: number;
}

/** An event at its place, and whether it is in the range. */
export interface ScannedEvent extends LogPlace {
  readonly event_id: string;
  readonly in_range: boolean;
}

/** Returns the next events after a place, also those outside the range, so that a call is short for any range. */
export function scanLog(
  tx: Queryable,
  range: ReplayRange,
  { aggregate_type, aggregate_id, version }: LogPlace,
  limit: number,
): Promise<ScannedEvent[]> {
  return tx.$queryRawUnsafe<ScannedEvent[]>(
    `${TAKES_LONGER} SELECT event_id, aggregate_type, aggregate_id, version, (${IN_RANGE}) AS in_range
     FROM event
     WHERE (aggregate_type, aggregate_id, version) > ($7, $8, $9::int)
       AND ($1::text[] IS NULL OR aggregate_id = ANY ($1))
     ORDER BY aggregate_type, aggregate_id, version LIMIT $10`,
    ...parametersOf(range),
    aggregate_type,
    aggregate_id,
    version,
    limit,
  );
}
