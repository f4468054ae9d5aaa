import type { Queryable } from '../platform/database';

/** What the `saga_step` row says once the step's transaction has committed. */
export interface SagaStepRecord {
  readonly sagaId: string;
  readonly name: string;
  readonly state: 'done' | 'undone';
  /** Of the activity, counted by Temporal. */
  readonly attempts: number;
  /** RFC 3339, UTC: when the activity was first scheduled. */
  readonly startedAt: string;
}

/** Records the step, and that its saga has started, which takes it off the sweeper's list. */
export async function recordSagaStep(tx: Queryable, step: SagaStepRecord, now: string): Promise<void> {
  await tx.$executeRawUnsafe(
    `WITH started AS (
       UPDATE saga SET started_at = $6::timestamptz WHERE saga_id = $1 AND started_at IS NULL)
     INSERT INTO saga_step (saga_id, name, state, attempts, started_at, ended_at)
     VALUES ($1, $2, $3, $4, $5::timestamptz, $6::timestamptz)
     ON CONFLICT (saga_id, name) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at,
       attempts = CASE WHEN excluded.state = 'done' THEN excluded.attempts ELSE saga_step.attempts END`,
    step.sagaId,
    step.name,
    step.state,
    step.attempts,
    step.startedAt,
    now,
  );
}
