import type { Queryable } from '../../platform/database/queryable';

/** The number of open sagas by problem. */
export interface OpenSagas {
  /** Sagas that need an operator. */
  readonly stuck: number;
  /** Started sagas whose workflow is lost. */
  readonly lost: number;
  /** Sagas whose workflow has not started after 10 s, or was refused by Temporal. */
  readonly unstarted: number;
  /** Why Temporal refuses one of these; `null` if no reason is known. */
  readonly unstarted_reason: string | null;
  /** Started sagas of which no step has ended for a minute. */
  readonly standing: number;
}

/** In a burst a start may take this long. */
const UNSTARTED_AFTER = `interval '10 seconds'`;
const STANDING_AFTER = `interval '60 seconds'`;
/** Only the oldest are counted, to bound the query. */
const AMONG = 10_000;

/** Counts the open sagas, by an index that contains only these. */
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
