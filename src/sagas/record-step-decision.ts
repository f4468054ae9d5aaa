import { z } from 'zod';
import { stepResolutions } from '../contract';
import { claim, undone } from '../inbox/inbox.sql';
import { stepOnce, undoOnce } from '../inbox/once';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { recordOperatorAction } from '../mediator/operator-action';
import { reason } from '../platform/schemas';

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

export const recordStepDecisionHandler = handle(recordStepDecision, async (decision, context) => {
  const { saga_id, step, resolution, reason: why } = decision;
  const { uow, now } = context;
  recordOperatorAction(context, { action: `saga.${resolution}`, subject: saga_id, reason: why, details: { step } });
  if (resolution === 'skip') {
    for (const key of [step, `ask/${step}`]) {
      await claim(uow.tx, stepOnce(saga_id, key), now, undone);
      await claim(uow.tx, undoOnce(saga_id, key), now);
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
