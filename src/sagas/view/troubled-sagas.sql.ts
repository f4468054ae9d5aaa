import type { SagaType } from '../../contract';
import type { Queryable } from '../../platform/database/database';

export interface TroubledSagas {
  readonly trouble: 'stuck' | 'lost' | 'unstarted';
  readonly type: SagaType;
  readonly count: number;
  /** Of the oldest, since it was accepted. */
  readonly age_seconds: number;
}

/** The API starts a saga within its request, or leaves it to the sweeper, which begins after this long. */
const USUALLY_STARTED_WITHIN = `interval '2 seconds'`;
const COUNTED = `type, count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS age_seconds`;

/**
 * Stuck sagas, sagas whose workflow is gone, and sagas whose workflow has not begun, by type; types without any are left
 * out. A saga may be both stuck and without its workflow.
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
