import { z } from '@hono/zod-openapi';
import { type SagaState, sagaSteps, type SagaStepStatus, type SagaType } from '../../contract';
import type { Prisma } from '../../platform/prisma/client';
import { nowMs } from '../../platform/clock';
import { Refusal } from '../../platform/refusal';
import { timestamp } from '../../platform/schemas';

/** `pending`: recorded, and its workflow not begun. */
export const sagaState = z.enum(['pending', 'running', 'completed', 'compensating', 'compensated', 'stuck']);
export const sagaType = z.enum(['payment', 'order', 'shipment']);

/** A saga as operators see it. */
export const sagaView = z
  .object({
    saga_id: z.string().openapi({ example: 'payment-pay_1' }),
    type: sagaType,
    state: sagaState,
    reason: z.string().nullable().openapi({ description: 'Why a pending saga has not begun, as far as it is known' }),
    steps: z.array(
      z.object({
        name: z.string().openapi({ example: 'close_invoice' }),
        state: z.enum(['pending', 'running', 'done', 'failed', 'undoing', 'undone', 'skipped']),
        attempts: z.int(),
        started_at: timestamp.nullable(),
        ended_at: timestamp.nullable(),
        error: z.string().nullable(),
      }),
    ),
    workflow_url: z.string().nullable(),
  })
  .openapi('Saga');

export type SagaView = z.infer<typeof sagaView>;
type StepView = SagaView['steps'][number];
type SagaRow = Prisma.SagaGetPayload<{ include: typeof withSteps }>;

/** A saga's row with those of its steps, in the order in which they began. */
export const withSteps = { steps: { orderBy: { started_at: 'asc' } } } as const;

/** Where people look into a workflow. */
export type WorkflowUrl = (workflowId: string) => string | null;

export const sagaNotFound = (sagaId: string): Refusal => new Refusal('saga_not_found', `There is no saga ${sagaId}.`);

/** What is known of a saga that runs, besides the steps that have committed. */
export interface Progress {
  /** As its workflow says, which is ahead of the row. */
  readonly state?: SagaState;
  readonly steps: readonly SagaStepStatus[];
}

/** Why Temporal could not say it. */
export interface ProgressUnknown {
  readonly unknown: string;
}

/** What is known where Temporal has not refused a saga. */
export const NO_WORKER = 'no worker has started it; is one running?';

/** A saga that is older is expected to have begun. */
const BEGUN_AFTER_MS = 10_000;

/** Whether all is in its row, and in those of its steps. */
export const hasEnded = ({ state }: Pick<SagaRow, 'state'>): boolean =>
  state === 'completed' || state === 'compensated';

/** @param told of a saga that runs; nothing where its workflow is not there */
export function viewSaga(saga: SagaRow, workflowUrl: WorkflowUrl, told?: Progress | ProgressUnknown): SagaView {
  const type = sagaType.parse(saga.type);
  const progress = told && 'steps' in told ? told : undefined;
  const isPending = !progress && saga.state === 'running' && saga.started_at === null;
  const state = isPending ? 'pending' : (progress?.state ?? sagaState.parse(saga.state));
  const steps = viewSteps(
    type,
    state,
    saga.steps,
    progress?.steps.map(({ name }) => name),
  );
  return {
    saga_id: saga.saga_id,
    type,
    state,
    reason: isPending ? whyPending(saga, told) : null,
    steps: progress ? steps.map((step) => withProgress(step, progress)) : steps,
    workflow_url: workflowUrl(saga.saga_id),
  };
}

function whyPending({ start_error, created_at }: SagaRow, told?: Progress | ProgressUnknown): string | null {
  if (start_error !== null) return start_error;
  if (told && 'unknown' in told) return told.unknown;
  return nowMs() - created_at.getTime() > BEGUN_AFTER_MS ? NO_WORKER : null;
}

function withProgress(step: StepView, { steps }: Progress): StepView {
  const told = steps.find(({ name }) => name === step.name);
  if (!told) return step;
  return {
    ...step,
    state: told.state,
    attempts: Math.max(step.attempts, told.attempts),
    error: told.error ?? step.error,
  };
}

/**
 * Steps write their rows when they commit; the first one without a row is the one at work. Behind the steps come
 * the remedies of a saga that failed, as far as they are known.
 */
function viewSteps(
  type: SagaType,
  state: SagaView['state'],
  rows: SagaRow['steps'],
  told: readonly string[] = [],
): StepView[] {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const names = [...new Set<string>([...sagaSteps[type], ...byName.keys(), ...told])];
  const atWork = state === 'running' ? names.find((name) => !byName.has(name)) : undefined;
  return names.map((name) => {
    const row = byName.get(name);
    return {
      name,
      state: row ? sagaView.shape.steps.element.shape.state.parse(row.state) : name === atWork ? 'running' : 'pending',
      attempts: row?.attempts ?? 0,
      started_at: row?.started_at?.toISOString() ?? null,
      ended_at: row?.ended_at?.toISOString() ?? null,
      error: row?.error ?? null,
    };
  });
}
