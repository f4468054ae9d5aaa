import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { opaqueId } from '../../platform/schemas';
import { markCharge } from './provider-charge';

/** Records the step `charge` of the order saga: the provider has taken the money. */
export const recordCharge = defineCommand({
  name: 'RecordCharge',
  input: z.strictObject({ payment_id: opaqueId, charge_ref: z.string() }),
  result: z.object({ charge_ref: z.string() }),
  roles: [],
});

export const recordChargeHandler = handle(recordCharge, async ({ payment_id, charge_ref }, { uow, now }) => {
  await markCharge(uow.tx, payment_id, { state: 'charged', charge_ref }, now);
  return { charge_ref };
});

/** Records the compensation of `charge`: a refund, or `null` if the provider took nothing and never will. */
export const recordChargeUndone = defineCommand({
  name: 'RecordChargeUndone',
  input: z.strictObject({ payment_id: opaqueId, refund_ref: z.string().nullable() }),
  result: z.null(),
  roles: [],
});

export const recordChargeUndoneHandler = handle(
  recordChargeUndone,
  async ({ payment_id, refund_ref }, { uow, now }) => {
    const change = refund_ref === null ? { state: 'refused' as const } : { state: 'refunded' as const, refund_ref };
    await markCharge(uow.tx, payment_id, change, now);
    return null;
  },
);
