import { z } from '@hono/zod-openapi';
import type { Prisma } from '../platform/prisma/client';
import { Refusal } from '../platform/refusal';
import { timestamp } from '../platform/schemas';
import { nowMs } from '../platform/timing';
import { type SagaStatus, sagaSteps, type SagaStepStatus, type StepState } from '../temporal-contract';

/** The states of a saga. A `pending` saga is recorded, but its workflow has not started. */
export const sagaState = z.enum(['pending', 'running', 'completed', 'compensating', 'compensated', 'stuck']);
/** The types of sagas. */
export const sagaType = z.enum(['payment', 'order', 'shipment']);

/** The states of a step. */
export const stepState = z.enum(['pending', 'running', 'done', 'failed', 'undoing', 'undone', 'skipped']);

/** A saga in responses. */
export const sagaResponse = z
  .object({
    saga_id: z.string().openapi({ example: 'payment-pay_1' }),
    type: sagaType,
    state: sagaState,
    reason: z.string().nullable().openapi({ description: 'Why a pending saga has not started, if known' }),
    steps_done: z.int().openapi({ description: 'Number of done steps, without follow-ups' }),
    steps_total: z.int().openapi({ description: 'Number of steps, without follow-ups' }),
    steps: z.array(
      z.object({
        name: z.string().openapi({ example: 'close_invoice' }),
        follow_up: z
          .boolean()
          .openapi({ description: 'Whether the step is a follow-up: a consequence of the saga’s failure' }),
        state: stepState,
        phase: z.enum(['execute', 'compensate']).nullable().openapi({
          description: 'What state and attempts refer to: the step or its compensation. Null before the step starts',
        }),
        attempts: z.int().openapi({ description: 'Attempts of the phase. They are kept when the step ends' }),
        started_at: timestamp.nullable(),
        ended_at: timestamp.nullable(),
        error: z.string().nullable().openapi({ description: 'Error of the last failed attempt' }),
        stuck: z
          .object({
            next_attempt_at: timestamp
              .nullable()
              .openapi({ description: 'Time of the next attempt; null during an attempt, or if unknown' }),
            command: z.string().openapi({
              description: 'Command that retries the step now. Fill in the reason',
              example: 'paysaga sagas retry payment-pay_1 credit_balance --reason "…"',
            }),
          })
          .nullable()
          .openapi({ description: 'Set while the step is stuck: a round of attempts failed and it is not resolved' }),
      }),
    ),
    workflow_url: z.string().nullable(),
  })
  .openapi('Saga');

/** A saga in responses. */
export type SagaResponse = z.infer<typeof sagaResponse>;
type StepResponse = SagaResponse['steps'][number];
type SagaRow = Prisma.SagaGetPayload<{ include: typeof withSteps }>;

/** Includes the rows of the steps, in the order in which they started. */
export const withSteps = { steps: { orderBy: { started_at: 'asc' } } } as const;

/** Returns the address of a workflow in the Web UI; `null` if there is none. */
export type WorkflowUrl = (workflowId: string) => string | null;

/** The refusal for an unknown saga. */
export const sagaNotFound = (sagaId: string): Refusal => new Refusal('saga_not_found', `There is no saga ${sagaId}.`);

/** A running or scheduled activity of a step. */
export interface PendingPhase {
  readonly name: string;
  readonly state: 'running' | 'undoing';
  /** The number of started attempts. */
  readonly attempts: number;
  readonly error: string | null;
  /** The time of the next attempt; `null` during an attempt. */
  readonly retryAt: Date | null;
}

/** What Temporal knows of a running saga. */
export interface Progress {
  /** The workflow's status, which is ahead of the rows. Absent for a saga without trouble or without an answer. */
  readonly status?: SagaStatus;
  readonly pending: readonly PendingPhase[];
}

/** Why the progress is unknown. */
export interface ProgressUnknown {
  readonly unknown: string;
}

/** The reason of a pending saga that Temporal did not refuse. */
export const NO_WORKER = 'no worker has started it; check that a worker runs';

/** The age by which a saga should have started. */
const STARTED_WITHIN_MS = 10_000;

/** Whether the saga has ended, so that its rows are complete. */
export const hasEnded = ({ state }: Pick<SagaRow, 'state'>): boolean =>
  state === 'completed' || state === 'compensated';

/**
 * Makes the response of `GET /sagas/{id}`, `GET /sagas` and the CLI.
 *
 * @param live what Temporal knows of a running saga; `undefined` without a workflow
 */
export function toSagaResponse(
  saga: SagaRow,
  workflowUrl: WorkflowUrl,
  live?: Progress | ProgressUnknown,
): SagaResponse {
  const type = sagaType.parse(saga.type);
  const progress = live && 'pending' in live ? live : undefined;
  const isPending = !progress && saga.state === 'running' && saga.started_at === null;
  const state = isPending ? 'pending' : (progress?.status?.state ?? sagaState.parse(saga.state));
  const steps = toStepResponses(saga, state, progress);
  const ownSteps = steps.filter(({ follow_up }) => !follow_up);
  return {
    saga_id: saga.saga_id,
    type,
    state,
    reason: isPending ? whyPending(saga, live) : null,
    steps_done: ownSteps.filter((step) => step.state === 'done').length,
    steps_total: ownSteps.length,
    steps,
    workflow_url: workflowUrl(saga.saga_id),
  };
}

function whyPending({ start_error, created_at }: SagaRow, live?: Progress | ProgressUnknown): string | null {
  if (start_error !== null) return start_error;
  if (live && 'unknown' in live) return live.unknown;
  return nowMs() - created_at.getTime() > STARTED_WITHIN_MS ? NO_WORKER : null;
}

/**
 * Merges rows, workflow status and pending activities. Steps write their rows when they commit or are stuck, so the first
 * step without a row is the running one. The known follow-ups of a failed saga come last.
 */
function toStepResponses(
  saga: SagaRow,
  state: SagaResponse['state'],
  { status, pending = [] }: Partial<Progress> = {},
): StepResponse[] {
  const own: readonly string[] = sagaSteps[sagaType.parse(saga.type)];
  const rows = new Map(saga.steps.map((row) => [row.name, row]));
  const live = [...(status?.steps ?? []), ...pending].map(({ name }) => name);
  const names = [...new Set([...own, ...rows.keys(), ...live])];
  const atWork = state === 'running' ? names.find((name) => !rows.has(name)) : undefined;
  return names.map((name) => {
    const row = rows.get(name);
    const stored: KnownStep = row
      ? { ...row, state: stepState.parse(row.state) }
      : { ...NOT_STARTED, state: name === atWork ? 'running' : 'pending' };
    const reported = status?.steps.find((step) => step.name === name);
    const step = withPending(
      reported ? ahead(stored, reported) : stored,
      pending.find((phase) => phase.name === name),
    );
    const { phase, rests } = STATES[step.state];
    return {
      name,
      follow_up: !own.includes(name),
      state: step.state,
      phase,
      attempts: step.attempts,
      started_at: row?.started_at?.toISOString() ?? null,
      ended_at: rests ? (row?.ended_at?.toISOString() ?? null) : null,
      error: step.error,
      stuck: step.next_attempt_at && !rests ? toStuckResponse(saga.saga_id, name, step.next_attempt_at) : null,
    };
  });
}

/** A next attempt in the past means that the step is tried now or soon, so the time is `null`. */
const toStuckResponse = (sagaId: string, step: string, nextAttemptAt: Date): StepResponse['stuck'] => ({
  next_attempt_at: nextAttemptAt.getTime() > nowMs() ? nextAttemptAt.toISOString() : null,
  command: `paysaga sagas retry ${sagaId} ${step} --reason "…"`,
});

/** The rank, phase and finality of each state. */
const STATES: Readonly<
  Record<StepState, { readonly rank: number; readonly phase: StepResponse['phase']; readonly rests: boolean }>
> = {
  pending: { rank: 0, phase: null, rests: false },
  running: { rank: 1, phase: 'execute', rests: false },
  done: { rank: 2, phase: 'execute', rests: true },
  failed: { rank: 2, phase: 'execute', rests: true },
  undoing: { rank: 3, phase: 'compensate', rests: false },
  undone: { rank: 4, phase: 'compensate', rests: true },
  skipped: { rank: 4, phase: 'compensate', rests: true },
};

interface KnownStep {
  readonly state: StepState;
  readonly attempts: number;
  readonly error: string | null;
  /** Set for a stuck step. */
  readonly next_attempt_at: Date | null;
}

const NOT_STARTED = { attempts: 0, error: null, next_attempt_at: null };

/** Returns the later of a step's row and its workflow status. Of two final states the row counts. */
function ahead(stored: KnownStep, reported: SagaStepStatus): KnownStep {
  const [{ rank, rests }, reportedRank] = [STATES[stored.state], STATES[reported.state].rank];
  // The compensation found that the step never happened.
  const neverHappened = stored.state === 'failed' && reported.state === 'undone';
  if (neverHappened || rank > reportedRank || (rank === reportedRank && rests)) {
    return { ...stored, error: stored.error ?? reported.error };
  }
  const { state, attempts, error, next_attempt_at } = reported;
  return { state, attempts, error, next_attempt_at: next_attempt_at ? new Date(next_attempt_at) : null };
}

/** Adds the attempts of the pending activity, which neither row nor workflow counts yet. */
function withPending(step: KnownStep, phase?: PendingPhase): KnownStep {
  if (!phase) return step;
  const [{ rank, rests }, phaseRank] = [STATES[step.state], STATES[phase.state].rank];
  if (rank > phaseRank || (rank === phaseRank && rests)) return step;
  const before = rank === phaseRank ? step : NOT_STARTED;
  return {
    state: phase.state,
    attempts: before.attempts + phase.attempts,
    error: phase.error ?? before.error,
    next_attempt_at: before.next_attempt_at && (phase.retryAt ?? new Date(0)),
  };
}
