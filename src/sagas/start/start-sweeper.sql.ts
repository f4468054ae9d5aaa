import type { Database } from '../../platform/database/database';
import type { SagaToStart } from './start-saga';

/**
 * The oldest sagas that nobody has started for 2 s: their API process died, or Temporal was away. A shipment's is
 * begun by a consumer, which leaves the start to the sweeper.
 */
export function findUnstarted(database: Database, limit: number): Promise<SagaToStart[]> {
  return database.$queryRawUnsafe<SagaToStart[]>(
    `SELECT saga_id, type, input FROM saga
     WHERE started_at IS NULL AND state = 'running' AND (type = 'shipment' OR created_at < now() - interval '2 seconds')
     ORDER BY created_at LIMIT $1`,
    limit,
  );
}

/** Temporal has them: off the list, also while no worker has run their first step yet. */
export async function markStarted(database: Database, sagaIds: readonly string[]): Promise<void> {
  await database.$executeRawUnsafe(
    `UPDATE saga SET started_at = now() WHERE saga_id = ANY ($1::text[]) AND started_at IS NULL`,
    sagaIds,
  );
}
