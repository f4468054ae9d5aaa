import { z } from '@hono/zod-openapi';
import { sagaSteps, type SagaStatus, type SagaStepStatus, type StepState } from '../../contract';
import type { Prisma } from '../../platform/prisma/client';
import { nowMs } from '../../platform/clock';
import { Refusal } from '../../platform/refusal';
import { timestamp } from '../../platform/schemas';

/** `pending`: recorded, and its workflow not begun. */
export const sagaState = z.enum(['pending', 'running', 'completed', 'compensating', 'compensated', 'stuck']);
export const sagaType = z.enum(['payment', 'order', 'shipment']);

/** Of a saga's step. */
export const stepState = z.enum(['pending', 'running', 'done', 'failed', 'undoing', 'undone', 'skipped']);

/** A saga as operators see it. */
export const sagaResponse = z
  .object({
    saga_id: z.string().openapi({ example: 'payment-pay_1' }),
    type: sagaType,
    state: sagaState,
    reason: z.string().nullable().openapi({ description: 'Why a pending saga has not begun, as far as it is known' }),
    steps_done: z.int().openapi({ description: 'How many of the saga’s steps are done; follow-ups do not count' }),
    steps_total: z.int().openapi({ description: 'How many steps the saga has; follow-ups do not count' }),
    steps: z.array(
      z.object({
        name: z.string().openapi({ example: 'close_invoice' }),
        follow_up: z.boolean().openapi({ description: 'Whether it is what a compensated saga still owes' }),
        state: stepState,
        phase: z
          .enum(['execute', 'compensate'])
          .nullable()
          .openapi({ description: 'What the state and the attempts are about; null for a step that has not begun' }),
        attempts: z.int().openapi({ description: 'Of its phase. They are kept when the step ends' }),
        started_at: timestamp.nullable(),
        ended_at: timestamp.nullable(),
        error: z.string().nullable().openapi({ description: 'Of the last attempt that failed' }),
        stuck: z
          .object({
            next_attempt_at: timestamp
              .nullable()
              .openapi({ description: 'When it is tried next; null while it is tried, or where that is not known' }),
            command: z.string().openapi({
              description: 'Tries it at once. Fill in the reason',
              example: 'paysaga sagas retry payment-pay_1 credit_balance --reason "…"',
            }),
          })
          .nullable()
          .openapi({ description: 'Of a step that failed for a whole round, until it is resolved' }),
      }),
    ),
    workflow_url: z.string().nullable(),
  })
  .openapi('Saga');

export type SagaResponse = z.infer<typeof sagaResponse>;
type StepResponse = SagaResponse['steps'][number];
type SagaRow = Prisma.SagaGetPayload<{ include: typeof withSteps }>;

/** A saga's row with those of its steps, in the order in which they began. */
export const withSteps = { steps: { orderBy: { started_at: 'asc' } } } as const;

/** Where people look into a workflow. */
export type WorkflowUrl = (workflowId: string) => string | null;

export const sagaNotFound = (sagaId: string): Refusal => new Refusal('saga_not_found', `There is no saga ${sagaId}.`);

/** An activity that Temporal has not ended: an attempt at a step. */
export interface PendingPhase {
  readonly name: string;
  readonly state: 'running' | 'undoing';
  /** Attempts that have begun. */
  readonly attempts: number;
  readonly error: string | null;
  /** When the server tries it again; `null` while it is tried. */
  readonly retryAt: Date | null;
}

/** What Temporal knows of a saga that runs. */
export interface Progress {
  /** What the workflow says, which is ahead of the rows. Absent where all goes well, or when it did not answer. */
  readonly status?: SagaStatus;
  readonly pending: readonly PendingPhase[];
}

/** Why Temporal could not say it. */
export interface ProgressUnknown {
  readonly unknown: string;
}

/** What is known where Temporal has not refused a saga. */
export const NO_WORKER = 'no worker has started it; is one running?';

/** A saga that is older is expected to have begun. */
const STARTED_WITHIN_MS = 10_000;

/** Whether all is in its row, and in those of its steps. */
export const hasEnded = ({ state }: Pick<SagaRow, 'state'>): boolean =>
  state === 'completed' || state === 'compensated';

/**
 * The one mapping behind `GET /sagas/{id}`, `GET /sagas` and the CLI.
 *
 * @param live what Temporal knows of a saga that runs; nothing where its workflow is not there
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
 * Steps write their rows when they commit or are stuck; the first one without a row is the one at work. Behind the
 * steps come the follow-ups of a saga that failed, as far as they are known.
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

/** A time that has passed says no more than that the step is tried now, or soon. */
const toStuckResponse = (sagaId: string, step: string, nextAttemptAt: Date): StepResponse['stuck'] => ({
  next_attempt_at: nextAttemptAt.getTime() > nowMs() ? nextAttemptAt.toISOString() : null,
  command: `paysaga sagas retry ${sagaId} ${step} --reason "…"`,
});

/** Of each state: how far on it is, what it is about, and whether the step rests in it. */
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
  /** Of a stuck step. */
  readonly next_attempt_at: Date | null;
}

const NOT_STARTED = { attempts: 0, error: null, next_attempt_at: null };

/** The further one of a step's row and what its workflow says. Of two that rest the row counts, as after the saga's end. */
function ahead(stored: KnownStep, reported: SagaStepStatus): KnownStep {
  const [{ rank, rests }, reportedRank] = [STATES[stored.state], STATES[reported.state].rank];
  // Its compensation found that it never happened.
  const neverHappened = stored.state === 'failed' && reported.state === 'undone';
  if (neverHappened || rank > reportedRank || (rank === reportedRank && rests)) {
    return { ...stored, error: stored.error ?? reported.error };
  }
  const { state, attempts, error, next_attempt_at } = reported;
  return { state, attempts, error, next_attempt_at: next_attempt_at ? new Date(next_attempt_at) : null };
}

/** Adds the attempts that neither the row nor the workflow counts yet. */
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
