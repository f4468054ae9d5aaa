import type { Database } from '../../platform/database/database';
import type { SagaToStart } from './start-saga';

export interface UnstartedSaga extends SagaToStart {
  /** How often Temporal has refused it. */
  readonly start_attempts: number;
}

/** Of those due, the ones whose customers take turns: in a backlog longer than this, the newest wait for a later page. */
const TURNS_AMONG = 1_000;

/**
 * Sagas that are due to be started: payments first, because somebody waits for them; then the customers take turns, so
 * that a burst of one does not hold up the others. Their API process died, Temporal was away, or too many came at once.
 * A shipment's is begun by a consumer, which leaves the start to the sweeper.
 */
export function findUnstarted(database: Database, limit: number): Promise<UnstartedSaga[]> {
  return database.$queryRawUnsafe<UnstartedSaga[]>(
    `SELECT saga_id, type, input, start_attempts
     FROM (
       SELECT saga_id, type, input, start_attempts, start_after FROM saga
       WHERE started_at IS NULL AND state = 'running'
         AND (start_after <= now() OR (type = 'shipment' AND start_attempts = 0))
       ORDER BY type <> 'payment', start_after LIMIT ${TURNS_AMONG}) AS due
     ORDER BY type <> 'payment', row_number() OVER (PARTITION BY input ->> 'customer_id' ORDER BY start_after), start_after
     LIMIT $1`,
    limit,
  );
}

/** Temporal has them: off the list, also while no worker has run their first step yet. */
export async function markStarted(database: Database, sagaIds: readonly string[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET started_at = now(), start_error = NULL WHERE saga_id = ANY ($1::text[]) AND started_at IS NULL`,
    sagaIds,
  );
}

export interface RefusedStart {
  readonly saga_id: string;
  readonly reason: string;
  readonly wait_ms: number;
}

/** Rows that one {@link noteWhyUnstarted} marks; the next one goes on. */
const NOTED_AT_ONCE = 1_000;

/** Keeps the reason why no saga can be started with those that are due. They stay due. */
export async function noteWhyUnstarted(database: Database, reason: string): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET start_error = $1
     WHERE started_at IS NULL AND saga_id IN (
       SELECT saga_id FROM saga
       WHERE started_at IS NULL AND state = 'running' AND (start_after <= now() OR type = 'shipment')
         AND start_error IS DISTINCT FROM $1
       LIMIT ${NOTED_AT_ONCE})`,
    reason,
  );
}

/** Temporal did not take them: each comes again when its own wait is over. */
export async function postponeStart(database: Database, refused: readonly RefusedStart[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET start_attempts = start_attempts + 1, start_error = reason,
       start_after = now() + wait_ms * interval '1 millisecond'
     FROM json_to_recordset($1::json) AS refused (saga_id text, reason text, wait_ms float8)
     WHERE saga.saga_id = refused.saga_id AND started_at IS NULL`,
    JSON.stringify(refused),
  );
}
