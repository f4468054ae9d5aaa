import { PLANNED_EACH_TIME, type Queryable } from '../../platform/database/database';
import type { LogPlace } from './event-range.sql';
import type { ReplayRange } from './replay-range';

export interface OpenReplay extends LogPlace {
  readonly replay_id: string;
  readonly range: ReplayRange;
}

/**
 * The oldest replay that is not written to its end and has fewer than `waiting` rows in the outbox, locked
 * until the transaction ends; `undefined` when there is none, or others have them.
 */
export async function lockOpenReplay(tx: Queryable, waiting: number): Promise<OpenReplay | undefined> {
  const rows = await tx.$queryRawUnsafe<OpenReplay[]>(
    `${PLANNED_EACH_TIME} SELECT replay_id, range, at_aggregate_type AS aggregate_type, at_aggregate_id AS aggregate_id, at_version AS version
     FROM outbox_replay AS replay
     WHERE finished_at IS NULL AND $1 > (
       SELECT count(*) FROM (SELECT FROM outbox WHERE outbox.replay_id = replay.replay_id LIMIT $1) AS waiting)
     ORDER BY created_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`,
    waiting,
  );
  return rows[0];
}

/** Where the replay goes on, or that it has come to its end. */
export async function advanceReplay(
  tx: Queryable,
  replayId: string,
  step: { readonly written: number; readonly place: LogPlace; readonly finishedAt: string | null },
): Promise<void> {
  const { written, place, finishedAt } = step;
  await tx.$executeRawUnsafe(
    `UPDATE outbox_replay SET written = written + $2::int, at_aggregate_type = $3, at_aggregate_id = $4,
       at_version = $5::int, finished_at = $6::timestamptz WHERE replay_id = $1`,
    replayId,
    written,
    place.aggregate_type,
    place.aggregate_id,
    place.version,
    finishedAt,
  );
}

export interface ReplayRow {
  readonly replay_id: string;
  readonly range: ReplayRange;
  readonly events: number;
  readonly written: number;
  /** Of those written, not yet on Kafka. */
  readonly pending: number;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

export async function findReplay(database: Queryable, replayId: string): Promise<ReplayRow | undefined> {
  const rows = await database.$queryRawUnsafe<ReplayRow[]>(
    `${PLANNED_EACH_TIME} SELECT replay_id, range, events, written, created_at, finished_at,
       (SELECT count(*)::int FROM outbox WHERE outbox.replay_id = $1) AS pending
     FROM outbox_replay WHERE replay_id = $1`,
    replayId,
  );
  return rows[0];
}
