import type { SagaType } from '../../contract';
import type { Queryable } from '../../platform/database/database';

/** The number of sagas of a type with a problem. */
export interface TroubledSagas {
  readonly trouble: 'stuck' | 'lost' | 'unstarted';
  readonly type: SagaType;
  readonly count: number;
  /** The age of the oldest, since it was accepted. */
  readonly age_seconds: number;
}

/** A saga that the API has not started after this time is started by the sweeper. */
const USUALLY_STARTED_WITHIN = `interval '2 seconds'`;
const COUNTED = `type, count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS age_seconds`;

/**
 * Counts stuck, lost and unstarted sagas by type, without types that have none. A saga may be both stuck and lost.
 */
export const countTroubledSagas = (database: Queryable): Promise<TroubledSagas[]> =>
  database.$queryRawUnsafe(
    `SELECT 'stuck' AS trouble, ${COUNTED} FROM saga WHERE state = 'stuck' GROUP BY type
     UNION ALL
     SELECT 'lost', ${COUNTED} FROM saga
     WHERE lost_at IS NOT NULL AND state NOT IN ('completed', 'compensated') GROUP BY type
     UNION ALL
     SELECT 'unstarted', ${COUNTED} FROM saga
     WHERE started_at IS NULL AND state = 'running' AND created_at < now() - ${USUALLY_STARTED_WITHIN} GROUP BY type`,
  );
