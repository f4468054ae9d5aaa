import { z } from 'zod';
import { recordAudit } from '../cqrs/audit';
import { claim, keyForStep, undone, keyForCompensation } from '../cqrs/idempotency';
import { type CommandContext, defineCommand, defineQuery, handle } from '../cqrs/message';
import type { PendingWrites, UnitOfWork } from '../cqrs/unit-of-work';
import { defineTable } from '../platform/database/table';
import { reason, sagaId, timestamp } from '../platform/schemas';
import {
  type SagaFailure,
  type SagaInputs,
  type SagaType,
  stepResolutions,
  type StepState,
} from '../temporal-contract';
import type { SagaToStart } from './start';
import { sagaNotFound, sagaType } from './view';

const stepReport = z.object({
  name: z.string(),
  state: z.enum(['pending', 'running', 'done', 'failed', 'undoing', 'undone', 'skipped']),
  attempts: z.int(),
  error: z.string().nullable(),
  next_attempt_at: timestamp.optional(),
});
type StepReport = z.infer<typeof stepReport>;

/**
 * Records the state of a saga after a failure. A saga whose last step has committed stays completed, because a report
 * of its workflow may arrive later.
 */
export const recordSagaOutcome = defineCommand({
  name: 'RecordSagaOutcome',
  input: z.strictObject({
    saga_id: z.string(),
    state: z.enum(['running', 'compensating', 'compensated', 'stuck']),
    failure: z.object({ failed_step: z.string(), code: z.string(), detail: z.string() }).nullable(),
    steps: z.array(stepReport).readonly().optional(),
  }),
  result: z.null(),
  roles: [],
});

/** The functions that update order, payment or shipment when a saga is compensated, in the same transaction. */
export type SagaEndings = {
  readonly [Type in SagaType]: (
    input: SagaInputs[Type],
    failure: SagaFailure,
    context: Pick<CommandContext, 'uow'>,
  ) => Promise<void>;
};

/** Creates the handler with the endings of all types of sagas. */
export const createRecordSagaOutcome = (endings: SagaEndings) =>
  handle(recordSagaOutcome, async (outcome, context) => {
    const { saga_id, state, failure, steps = [] } = outcome;
    const { uow, now } = context;
    const ended = state === 'compensated';
    const saga = await uow.tx.saga.findUniqueOrThrow({
      where: { saga_id },
      select: { type: true, input: true, failure_code: true },
    });
    // A restarted saga may fail at another step. Callers see its first failure.
    const isFirst = failure !== null && (saga.failure_code === null || saga.failure_code === failure.code);
    if (ended && failure) {
      await endings[saga.type as SagaType](saga.input as never, failure, context);
    }
    await uow.tx.saga.updateMany({
      where: { saga_id, state: { not: 'completed' } },
      data: {
        state,
        ...(isFirst && {
          failed_step: failure.failed_step,
          failure_code: failure.code,
          failure_detail: failure.detail,
        }),
        ...(ended && { ended_at: now }),
      },
    });
    for (const step of steps) await recordStep(context, saga_id, step);
    if (!isFirst) return null;
    await uow.tx.sagaStep.upsert({
      where: { saga_id_name: { saga_id, name: failure.failed_step } },
      create: {
        saga_id,
        name: failure.failed_step,
        attempts: 1,
        state: 'failed',
        error: failure.detail,
        ended_at: now,
      },
      // A stuck compensation keeps its last error.
      update: {},
    });
    await uow.tx.sagaStep.updateMany({
      // A step whose compensation came first is undone and keeps its error.
      where: { saga_id, name: failure.failed_step, error: null },
      data: { error: failure.detail },
    });
    return null;
  });

/**
 * The states that a report replaces. A report may be written after a later transaction of its step, whose row is kept.
 */
const REPLACES: Readonly<Record<StepState, readonly StepState[]>> = {
  pending: [],
  running: ['pending', 'running'],
  done: ['running'],
  failed: ['pending', 'running'],
  undoing: ['pending', 'running', 'done', 'failed', 'undoing'],
  undone: ['undoing'],
  skipped: [],
};

async function recordStep({ uow, now }: CommandContext, saga_id: string, step: StepReport): Promise<void> {
  const { name, state, attempts, error, next_attempt_at = null } = step;
  const isAtWork = state === 'running' || state === 'undoing';
  const row = { state, attempts, error, next_attempt_at, ended_at: isAtWork ? null : now };
  const { count } = await uow.tx.sagaStep.updateMany({
    where: { saga_id, name, state: { in: [...REPLACES[state]] } },
    data: row,
  });
  if (count === 0 && (isAtWork || state === 'failed')) {
    await uow.tx.sagaStep.createMany({ data: [{ saga_id, name, ...row }], skipDuplicates: true });
  }
}

/** The table of sagas. */
export const sagaTable = defineTable('saga', 'saga_id');

/**
 * Inserts the saga's row in the transaction of the command that begins it, so a saga id is used only once. After the
 * commit, the sender of the command or the sweeper starts the workflow.
 */
export function beginSaga<Type extends SagaType>(
  uow: Pick<PendingWrites, 'insert'>,
  type: Type,
  input: SagaInputs[Type],
  now: string,
): void {
  const { saga_id, order_id, customer_id, correlation_id } = input;
  const about = { saga_id, type, order_id, customer_id, correlation_id };
  uow.insert(sagaTable, { ...about, state: 'running', input, created_at: now });
}

/** A completed saga. */
export interface SagaCompletion {
  readonly saga_id: string;
  /** The result of the saga's workflow, as JSON. */
  readonly result: Readonly<Record<string, string>>;
  readonly now: string;
}

/** Marks the saga as completed, in the transaction of its last step. */
export function completeSaga(uow: UnitOfWork, { saga_id, result, now }: SagaCompletion): void {
  uow.update(sagaTable, { saga_id, state: 'completed', result, ended_at: now });
}

/**
 * Records an operator's decision that the workflow has accepted. The compensation of a skipped step never runs again,
 * neither as a late attempt nor in a later run.
 */
export const recordStepDecision = defineCommand({
  name: 'RecordStepDecision',
  input: z.strictObject({ saga_id: z.string(), step: z.string(), resolution: z.enum(stepResolutions), reason }),
  result: z.null(),
  roles: ['operator'],
});

/** Handles {@link recordStepDecision}. */
export const recordStepDecisionHandler = handle(recordStepDecision, async (decision, context) => {
  const { saga_id, step, resolution, reason: why } = decision;
  const { uow, now } = context;
  recordAudit(context, { action: `saga.${resolution}`, subject: saga_id, reason: why, details: { step } });
  if (resolution === 'skip') {
    for (const key of [step, `ask/${step}`]) {
      await claim(uow.tx, keyForStep(saga_id, key), now, undone);
      await claim(uow.tx, keyForCompensation(saga_id, key), now);
    }
    const skipped = { state: 'skipped', ended_at: now, next_attempt_at: null };
    await uow.tx.sagaStep.upsert({
      where: { saga_id_name: { saga_id, name: step } },
      create: { saga_id, name: step, attempts: 0, ...skipped },
      update: skipped,
    });
  }
  return null;
});

/**
 * Reads the type and input of a saga, to start its workflow or to decide about a step.
 *
 * @throws Refusal `saga_not_found`
 */
export const findSaga = defineQuery({
  name: 'FindSaga',
  input: z.strictObject({ saga_id: sagaId }),
  result: z.custom<SagaToStart>(),
  roles: ['operator'],
});

/** Handles {@link findSaga}. */
export const findSagaHandler = handle(findSaga, async ({ saga_id }, { database }) => {
  const saga = await database.saga.findUnique({ where: { saga_id }, select: { type: true, input: true } });
  if (!saga) throw sagaNotFound(saga_id);
  return { saga_id, type: sagaType.parse(saga.type), input: saga.input as unknown as SagaToStart['input'] };
});
