import { z } from 'zod';
import { stepVerdicts } from '../contract';
import { claim, undone } from '../inbox/inbox.sql';
import { stepOnce, undoOnce } from '../inbox/once';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { recordOperatorAction } from '../mediator/operator-action';
import { reason } from '../platform/schemas';

/**
 * What an operator decided about a stuck step, once its workflow has accepted it. The compensation of a skipped step is
 * barred: it was dealt with by other means, and a late attempt, or one of a later run, does nothing.
 */
export const recordStepDecision = defineCommand({
  name: 'RecordStepDecision',
  input: z.strictObject({ saga_id: z.string(), step: z.string(), verdict: z.enum(stepVerdicts), reason }),
  result: z.null(),
  roles: ['operator'],
});

export const recordStepDecisionHandler = handle(recordStepDecision, async (decision, context) => {
  const { saga_id, step, verdict, reason: why } = decision;
  const { uow, now } = context;
  recordOperatorAction(context, { action: `saga.${verdict}`, subject: saga_id, reason: why, details: { step } });
  if (verdict === 'skip') {
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
