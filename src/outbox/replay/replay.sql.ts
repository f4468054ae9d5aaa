import { PLANNED_EACH_TIME, type Queryable } from '../../platform/database/database';
import type { LogPlace } from './event-range.sql';
import type { ReplayRange } from './replay-range';

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
