import { z } from '@hono/zod-openapi';
import { PLANNED_EACH_TIME, type Queryable } from '../platform/database/database';
import { TAKES_LONGER } from '../platform/database/statements';
import { instant, opaqueId, reason, text, version } from '../platform/schemas';

/** A range of the event log: the events that match every given criterion. */
export const replayRange = z.strictObject({
  aggregate_ids: z.array(opaqueId).min(1).max(1_000).optional(),
  types: z.array(text(100)).min(1).max(100).optional(),
  /** Bounds of `occurred_at`, inclusive. `to` defaults to now. */
  from: instant.optional(),
  to: instant.optional(),
  /** Inclusive. */
  versions: z
    .strictObject({ from: version.optional(), to: version.optional() })
    .refine(({ from, to }) => from !== undefined || to !== undefined, 'takes from, to, or both')
    .openapi({ minProperties: 1 })
    .optional(),
});

/** The range as JSON. */
export type ReplayRange = z.infer<typeof replayRange>;

const CRITERIA = ['aggregate_ids', 'types', 'from', 'to', 'versions'] as const;
const isChosen = (range: ReplayRange): boolean => CRITERIA.some((name) => range[name] !== undefined);
const notChosen = { error: `takes at least one of ${CRITERIA.join(', ')}; for the whole log say since when (from)` };

/** A range with at least one criterion. */
export const chosenRange = replayRange.refine(isChosen, notChosen);
/** The input of the command that orders a replay. */
export const replayOrder = replayRange.extend({ reason }).refine(isChosen, notChosen);
/** The body of the route that orders a replay. */
export const replayRequest = replayRange
  .extend({ reason, dry_run: z.boolean().default(false) })
  .refine(isChosen, notChosen)
  .openapi('ReplayRequest', { anyOf: CRITERIA.map((name) => ({ required: [name] })) });

/** The scope of a replay. */
export const replayScope = z
  .object({
    events: z.int(),
    /** Aggregates, whose ids are the keys of the messages. */
    keys: z.int(),
    topics: z.array(z.object({ topic: z.string(), events: z.int() })),
    consumer_groups: z.array(
      z.object({
        group: z.string(),
        /** On its topics. */
        events: z.int(),
        already_applied: z
          .int()
          .openapi({ description: 'Events in its inbox, which it ignores. It applies the others now.' }),
      }),
    ),
  })
  .openapi('ReplayScope');

/** The scope as JSON. */
export type ReplayScope = z.infer<typeof replayScope>;

/** A replay that is not written to its end, and where it stands. */
export interface OpenReplay extends LogPlace {
  readonly replay_id: string;
  readonly range: ReplayRange;
}

/** A replay whose turn it is. */
export interface DueReplay {
  readonly replay_id: string;
  /** Failures since its last chunk. */
  readonly attempts: number;
}

/** Returns the open replays that are due, oldest first. A failed replay is due when its wait is over. */
export function findDueReplays(database: Queryable, limit: number): Promise<DueReplay[]> {
  return database.$queryRawUnsafe(
    `SELECT replay_id, attempts FROM outbox_replay
     WHERE finished_at IS NULL AND coalesce(next_attempt_at <= now(), true) ORDER BY created_at LIMIT $1`,
    limit,
  );
}

/**
 * Locks the replay until the transaction ends and returns it. Returns `undefined` when it is finished, has `waiting`
 * rows in the outbox, or is locked by another transaction.
 */
export async function lockOpenReplay(
  tx: Queryable,
  replayId: string,
  waiting: number,
): Promise<OpenReplay | undefined> {
  const rows = await tx.$queryRawUnsafe<OpenReplay[]>(
    `${PLANNED_EACH_TIME} SELECT replay_id, range, at_aggregate_type AS aggregate_type, at_aggregate_id AS aggregate_id, at_version AS version
     FROM outbox_replay AS replay
     WHERE replay_id = $1 AND finished_at IS NULL AND $2 > (
       SELECT count(*) FROM (SELECT FROM outbox WHERE outbox.replay_id = replay.replay_id LIMIT $2) AS waiting)
     FOR NO KEY UPDATE SKIP LOCKED`,
    replayId,
    waiting,
  );
  return rows[0];
}

/** Records where the replay goes on, or that it is finished. */
export async function advanceReplay(
  tx: Queryable,
  replayId: string,
  step: { readonly written: number; readonly place: LogPlace; readonly finishedAt: string | null },
): Promise<void> {
  const { written, place, finishedAt } = step;
  await tx.$executeRawUnsafe(
    `UPDATE outbox_replay SET written = written + $2::int, at_aggregate_type = $3, at_aggregate_id = $4,
       at_version = $5::int, finished_at = $6::timestamptz, attempts = 0, next_attempt_at = NULL, last_error = NULL
     WHERE replay_id = $1`,
    replayId,
    written,
    place.aggregate_type,
    place.aggregate_id,
    place.version,
    finishedAt,
  );
}

/** Records a failure. The replay is due again after the wait. */
export async function postponeReplay(
  database: Queryable,
  replayId: string,
  { waitMs, reason }: { readonly waitMs: number; readonly reason: string },
): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE outbox_replay SET attempts = attempts + 1, next_attempt_at = now() + $2::float8 * interval '1 millisecond',
       last_error = $3 WHERE replay_id = $1 AND finished_at IS NULL`,
    replayId,
    waitMs,
    reason,
  );
}

/** A replay and how far it is. */
export interface ReplayRow {
  readonly replay_id: string;
  readonly range: ReplayRange;
  readonly events: number;
  readonly written: number;
  /** Written events that are not on Kafka yet. */
  readonly pending: number;
  readonly created_at: Date;
  readonly finished_at: Date | null;
  /** Why its last attempt failed; `null` once one succeeds. */
  readonly last_error: string | null;
}

/** Returns a replay, or `undefined` without one. */
export async function findReplay(database: Queryable, replayId: string): Promise<ReplayRow | undefined> {
  const rows = await database.$queryRawUnsafe<ReplayRow[]>(
    `${PLANNED_EACH_TIME} SELECT replay_id, range, events, written, created_at, finished_at, last_error,
       (SELECT count(*)::int FROM outbox WHERE outbox.replay_id = $1) AS pending
     FROM outbox_replay WHERE replay_id = $1`,
    replayId,
  );
  return rows[0];
}

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
