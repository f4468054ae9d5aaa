import type { Database } from '../../platform/database/database';
import type { SagaToRerun } from '../start/start-saga';

/** A saga whose workflow is to be looked up. */
export interface UncheckedSaga {
  readonly saga_id: string;
  /** Its workflow was already lost at an earlier check, and its last attempts have ended since. */
  readonly is_due: boolean;
}

/** A lost saga that is to run again. */
export interface LostSaga extends SagaToRerun {
  /** The number of reruns, including this one. */
  readonly reruns: number;
}

/** The longest pause between two reruns of one saga. */
const MAX_WAIT_MS = 300_000;

/** Finds the started sagas that have not ended, least recently checked first. */
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

/** Marks sagas whose workflows run. */
export async function markAlive(database: Database, sagaIds: readonly string[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET checked_at = now(), lost_at = NULL WHERE saga_id = ANY ($1::text[])`,
    sagaIds,
  );
}

/** Marks sagas whose workflows are lost. @returns the ids of the newly lost sagas */
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
 * Claims a lost saga for a rerun, for one of several workers. A saga with a failure compensates; any other goes forward.
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
