import { z } from 'zod';
import type { PaymentSagaInput } from '../contract';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { decidePayment } from './payment';
import { paymentAggregate } from './payment-aggregate';

/** How a payment saga in trouble goes on: stuck, running again, compensating, and compensated at its end. */
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

export const recordSagaOutcomeHandler = handle(recordSagaOutcome, async (outcome, { uow, now }) => {
  const { saga_id, state, failure } = outcome;
  const ended = state === 'compensated';
  if (ended) {
    const { input } = await uow.tx.saga.findUniqueOrThrow({ where: { saga_id }, select: { input: true } });
    const payment = await uow.load(paymentAggregate, (input as unknown as PaymentSagaInput).payment_id);
    const failed = decidePayment({ type: 'fail', code: failure?.code ?? 'unknown' }, payment);
    uow.change(paymentAggregate, payment, failed);
  }
  await uow.tx.saga.update({
    where: { saga_id },
    data: {
      state,
      ...(failure && {
        failed_step: failure.failed_step,
        failure_code: failure.code,
        failure_detail: failure.detail,
      }),
      ...(ended && { ended_at: now }),
    },
  });
  if (failure) {
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
  }
  return null;
});
