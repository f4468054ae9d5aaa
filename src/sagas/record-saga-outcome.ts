import { z } from 'zod';
import type { SagaFailure, SagaInputs, SagaType } from '../contract';
import { handle, type HandlerContext } from '../mediator/handler';
import { defineCommand } from '../mediator/message';

/**
 * How a saga in trouble goes on: stuck, running again, compensating, and compensated at its end. A saga whose last step
 * has committed is completed, whatever is told of it afterwards: its workflow may have asked for long whether it was.
 */
export const recordSagaOutcome = defineCommand({
  name: 'RecordSagaOutcome',
  input: z.strictObject({
    saga_id: z.string(),
    state: z.enum(['running', 'compensating', 'compensated', 'stuck']),
    failure: z.object({ failed_step: z.string(), code: z.string(), detail: z.string() }).nullable(),
  }),
  result: z.null(),
  roles: [],
});

/** What is true besides, once a saga of this type is compensated: told in the same transaction. */
export type SagaEndings = {
  readonly [Type in SagaType]: (
    input: SagaInputs[Type],
    failure: SagaFailure,
    context: Pick<HandlerContext, 'uow'>,
  ) => Promise<void>;
};

export const createRecordSagaOutcome = (endings: SagaEndings) =>
  handle(recordSagaOutcome, async (outcome, context) => {
    const { saga_id, state, failure } = outcome;
    const { uow, now } = context;
    const ended = state === 'compensated';
    const saga = await uow.tx.saga.findUniqueOrThrow({
      where: { saga_id },
      select: { type: true, input: true, failure_code: true },
    });
    // A saga that was begun again may fail at another step: callers see its first failure.
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
      // Its compensation may have been first: it is undone then, and keeps its error.
      update: { error: failure.detail },
    });
    return null;
  });
