import type { SagaType } from '../../contract';
import type { Queryable } from '../../platform/database/database';

export interface TroubledSagas {
  readonly trouble: 'stuck' | 'lost';
  readonly type: SagaType;
  readonly count: number;
}

/** Stuck sagas, and sagas whose workflow is gone, by type; types without any are left out. A saga may be both. */
export const countTroubledSagas = (database: Queryable): Promise<TroubledSagas[]> =>
  database.$queryRawUnsafe(
    `SELECT 'stuck' AS trouble, type, count(*)::int AS count FROM saga WHERE state = 'stuck' GROUP BY type
     UNION ALL
     SELECT 'lost', type, count(*)::int FROM saga
     WHERE lost_at IS NOT NULL AND state NOT IN ('completed', 'compensated') GROUP BY type`,
  );
