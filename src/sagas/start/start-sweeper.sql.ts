import type { Database } from '../../platform/database/database';
import type { SagaToStart } from './start-saga';

/** A saga that is due to be started. */
export interface UnstartedSaga extends SagaToStart {
  /** The number of refusals by Temporal. */
  readonly start_attempts: number;
}

/** The number of due sagas among which customers take turns. In a longer backlog the newest wait for a later page. */
const TURNS_AMONG = 1_000;

/**
 * Finds the sagas that are due to be started: those whose API process died or whose start failed, and all shipments.
 * Payments come first, because their clients wait. Then the customers take turns, so that a burst of one customer does
 * not delay the others.
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

/** A start that Temporal refused. */
export interface RefusedStart {
  readonly saga_id: string;
  readonly reason: string;
  readonly wait_ms: number;
}

/** The number of rows that one call of {@link noteWhyUnstarted} updates. The next call updates more. */
const NOTED_AT_ONCE = 1_000;

/** Stores why no saga can be started with the due sagas, which stay due. */
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

/** Postpones each refused saga by its own pause, and stores the reason. */
export async function postponeStart(database: Database, refused: readonly RefusedStart[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET start_attempts = start_attempts + 1, start_error = reason,
       start_after = now() + wait_ms * interval '1 millisecond'
     FROM json_to_recordset($1::json) AS refused (saga_id text, reason text, wait_ms float8)
     WHERE saga.saga_id = refused.saga_id AND started_at IS NULL`,
    JSON.stringify(refused),
  );
}
