import type { Database } from '../../platform/database/database';
import type { SagaToRerun } from '../start/start-saga';

export interface UncheckedSaga {
  readonly saga_id: string;
  /** Its workflow was gone at an earlier look, long enough ago that its last attempts have ended. */
  readonly is_due: boolean;
}

export interface LostSaga extends SagaToRerun {
  /** How often it was begun again, this time included. */
  readonly reruns: number;
}

/** Between two reruns of one saga, at most. */
const MAX_WAIT_MS = 300_000;

/** Sagas that have begun and not ended, the one that was looked at longest ago first. */
export function findUnchecked(database: Database, everyMs: number, limit: number): Promise<UncheckedSaga[]> {
  return database.$queryRawUnsafe(
    `SELECT saga_id,
       coalesce(lost_at < now() - least($1::float8 * 2 ^ least(reruns, 10), ${MAX_WAIT_MS}) * interval '1 millisecond', false) AS is_due
     FROM saga
     WHERE state NOT IN ('completed', 'compensated') AND started_at IS NOT NULL
       AND coalesce(checked_at, started_at) < now() - $1::float8 * interval '1 millisecond'
     ORDER BY coalesce(checked_at, started_at) LIMIT $2`,
    everyMs,
    limit,
  );
}

/** Their workflows run. */
export async function markAlive(database: Database, sagaIds: readonly string[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET checked_at = now(), lost_at = NULL WHERE saga_id = ANY ($1::text[])`,
    sagaIds,
  );
}

/** Their workflows are gone. @returns those that were not known to be */
export async function markLost(database: Database, sagaIds: readonly string[]): Promise<string[]> {
  const rows = await database.$queryRawUnsafe<{ saga_id: string; is_new: boolean }[]>(
    `WITH before AS (SELECT saga_id, lost_at FROM saga WHERE saga_id = ANY ($1::text[]))
     UPDATE saga SET checked_at = now(), lost_at = coalesce(saga.lost_at, now())
     FROM before WHERE saga.saga_id = before.saga_id AND state NOT IN ('completed', 'compensated')
     RETURNING saga.saga_id, before.lost_at IS NULL AS is_new`,
    sagaIds,
  );
  return rows.filter(({ is_new }) => is_new).map(({ saga_id }) => saga_id);
}

/**
 * Takes a lost saga, to begin it again: of several workers one gets it. It goes back if it had a failure, else forward.
 */
export async function takeLost(database: Database, sagaId: string): Promise<LostSaga | undefined> {
  const [row] = await database.$queryRawUnsafe<LostSaga[]>(
    `UPDATE saga SET lost_at = NULL, checked_at = now(), reruns = reruns + 1,
       state = CASE WHEN failure_code IS NULL THEN 'running' ELSE 'compensating' END
     WHERE saga_id = $1 AND lost_at IS NOT NULL AND state NOT IN ('completed', 'compensated')
     RETURNING saga_id, type, input, reruns, CASE WHEN failure_code IS NOT NULL THEN json_build_object(
       'failed_step', failed_step, 'code', failure_code, 'detail', coalesce(failure_detail, '')) END AS failure`,
    sagaId,
  );
  return row;
}
