import type { Queryable } from '../../platform/database/queryable';

/** The sagas that have not ended, as far as somebody should look at them. */
export interface OpenSagas {
  readonly stuck: number;
  /** Begun, and their workflow is gone. */
  readonly lost: number;
  /** Their workflow not begun: accepted for more than 10 s, or refused by Temporal. */
  readonly unstarted: number;
  /** Why Temporal does not take one of those; `null` where it did not say. */
  readonly unstarted_reason: string | null;
  /** Begun, and no step has ended for a minute. */
  readonly standing: number;
}

/** A burst is no fault; a saga that waits longer than this is. */
const UNSTARTED_AFTER = `interval '10 seconds'`;
const STANDING_AFTER = `interval '60 seconds'`;
/** The oldest are looked at: enough to know, however long an outage lasts. */
const AMONG = 10_000;

/** Counts them by an index that has the open ones alone. */
export async function countOpenSagas(database: Queryable): Promise<OpenSagas> {
  const [row] = await database.$queryRawUnsafe<OpenSagas[]>(
    `SELECT count(*) FILTER (WHERE state = 'stuck')::int AS stuck,
       count(lost_at)::int AS lost,
       count(*) FILTER (WHERE unstarted)::int AS unstarted,
       max(start_error) FILTER (WHERE unstarted) AS unstarted_reason,
       count(*) FILTER (WHERE started_at < now() - ${STANDING_AFTER} AND state <> 'stuck' AND NOT EXISTS (
         SELECT FROM saga_step step
         WHERE step.saga_id = open.saga_id AND step.ended_at > now() - ${STANDING_AFTER}))::int AS standing
     FROM (
       SELECT saga_id, state, started_at, start_error, lost_at,
         started_at IS NULL AND state = 'running' AND (created_at < now() - ${UNSTARTED_AFTER} OR start_error IS NOT NULL) AS unstarted
       FROM saga WHERE state NOT IN ('completed', 'compensated') ORDER BY created_at LIMIT ${AMONG}) AS open`,
  );
  return row ?? { stuck: 0, lost: 0, unstarted: 0, unstarted_reason: null, standing: 0 };
}
