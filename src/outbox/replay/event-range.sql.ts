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

export interface RangeCount {
  /** `null` for the sum over all of them. */
  readonly type: string | null;
  readonly events: number;
  readonly keys: number;
  readonly oldest: Date | null;
}

/** How much of each event type is in the range. In a transaction, for a longer statement time-out. */
export async function countRange(tx: Queryable, range: ReplayRange): Promise<RangeCount[]> {
  await tx.$queryRawUnsafe(`SELECT set_config('statement_timeout', '${STATEMENT_TIMEOUT_MS}ms', true)`);
  return tx.$queryRawUnsafe<RangeCount[]>(
    `${TAKES_LONGER} SELECT type, count(*)::int AS events, count(DISTINCT aggregate_id)::int AS keys,
       min(occurred_at) AS oldest
     FROM event WHERE ${IN_RANGE} GROUP BY GROUPING SETS ((type), ()) ORDER BY type`,
    ...parametersOf(range),
  );
}

/** How many events of the range each group has in its inbox. */
export async function countApplied(
  tx: Queryable,
  range: ReplayRange,
  groups: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.$queryRawUnsafe<{ group: string; applied: number }[]>(
    `${TAKES_LONGER} SELECT inbox.scope AS group, count(*)::int AS applied
     FROM event JOIN inbox ON inbox.scope = ANY ($7::text[]) AND inbox.key = event.event_id
     WHERE ${IN_RANGE} GROUP BY inbox.scope`,
    ...parametersOf(range),
    groups,
  );
  return new Map(rows.map(({ group, applied }) => [group, applied]));
}

/** A place in the log, in the order of its unique key: so per aggregate in version order. */
export interface LogPlace {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly version: number;
}

export interface ScannedEvent extends LogPlace {
  readonly event_id: string;
  readonly in_range: boolean;
}

/** The next events behind a place, those outside the range too: so a call is short, whatever the range. */
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
