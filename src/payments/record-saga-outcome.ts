import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { opaqueId } from '../platform/schemas';
import { decidePayment } from './payment';
import { paymentAggregate } from './payment-aggregate';

/** How a payment saga that could not settle goes on: compensating, stuck, and compensated at its end. */
export const recordSagaOutcome = defineCommand({
  name: 'RecordSagaOutcome',
  input: z.strictObject({
    saga_id: z.string(),
    payment_id: opaqueId,
    state: z.enum(['compensating', 'compensated', 'stuck']),
    failed_step: z.string(),
    failure_code: z.string(),
    failure_detail: z.string(),
  }),
  result: z.null(),
  roles: [],
});

export const recordSagaOutcomeHandler = handle(recordSagaOutcome, async (outcome, { uow, now }) => {
  const { saga_id, state, failed_step, failure_code, failure_detail } = outcome;
  const ended = state === 'compensated';
  if (ended) {
    const payment = await uow.load(paymentAggregate, outcome.payment_id);
    uow.change(paymentAggregate, payment, decidePayment({ type: 'fail', code: failure_code }, payment));
  }
  await uow.tx.saga.update({
    where: { saga_id },
    data: { state, failed_step, failure_code, failure_detail, ...(ended && { ended_at: now }) },
  });
  const failed = { state: 'failed', error: failure_detail, ended_at: now };
  await uow.tx.sagaStep.upsert({
    where: { saga_id_name: { saga_id, name: failed_step } },
    create: { saga_id, name: failed_step, attempts: 1, ...failed },
    // Its compensation may have been first: it is undone then, and keeps its error.
    update: { error: failure_detail },
  });
  return null;
});
