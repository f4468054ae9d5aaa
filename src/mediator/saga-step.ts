/** What the `saga_step` row says once the step's transaction has committed, which also takes its saga off the sweeper's list. */
export interface SagaStepRecord {
  readonly sagaId: string;
  readonly name: string;
  readonly state: 'done' | 'undone';
  /** Of the activity, counted by Temporal. */
  readonly attempts: number;
  /** RFC 3339, UTC: when the activity was first scheduled. */
  readonly startedAt: string;
}
