import { z } from 'zod';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { insertCharges, markRead } from './reconciliation.sql';

/** Stores a part of a provider's list. `last` marks the list as complete. */
export const copyCharges = defineCommand({
  name: 'CopyCharges',
  input: z.strictObject({
    run_id: z.string(),
    provider: z.string(),
    charges: z
      .array(
        z.object({
          key: z.string(),
          charge_ref: z.string(),
          payment_id: z.string(),
          amount: z.int(),
          currency: z.string(),
          refunded_amount: z.int(),
          created_at: z.string(),
        }),
      )
      .readonly(),
    last: z.boolean(),
  }),
  result: z.null(),
  roles: [],
});

export const copyChargesHandler = handle(copyCharges, async ({ run_id, provider, charges, last }, { uow }) => {
  await insertCharges(uow.tx, run_id, provider, charges);
  if (last) await markRead(uow.tx, run_id, provider);
  return null;
});
