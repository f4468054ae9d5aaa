import type { SagaType } from '../../contract';
import type { Queryable } from '../../platform/database/database';

export interface StuckSagas {
  readonly type: SagaType;
  readonly count: number;
}

/** By type, those without any left out. Reads an index that has the stuck ones alone. */
export const countStuckSagas = (database: Queryable): Promise<StuckSagas[]> =>
  database.$queryRawUnsafe(`SELECT type, count(*)::int AS count FROM saga WHERE state = 'stuck' GROUP BY type`);
