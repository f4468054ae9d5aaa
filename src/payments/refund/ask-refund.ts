import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { opaqueId } from '../../platform/schemas';
import { findCharge, takenCharge } from '../charge/provider-charge';

/**
 * The intent to undo a charge: returns the request that a provider may have received. Sent as the compensation of the
 * charge's intent. Without an intent the result is `null`, and none will be recorded.
 */
export const confirmCharge = defineCommand({
  name: 'ConfirmCharge',
  input: z.strictObject({ payment_id: opaqueId }),
  result: takenCharge.nullable(),
  roles: [],
});

export const confirmChargeHandler = handle(confirmCharge, ({ payment_id }, { uow }) => findCharge(uow.tx, payment_id));

/** The intent of the step `refund_payment`: returns the charge, if a provider took one. */
export const requestRefund = defineCommand({
  name: 'RequestRefund',
  input: z.strictObject({ payment_id: opaqueId }),
  result: z.object({ charge: takenCharge.nullish() }),
  roles: [],
});

export const requestRefundHandler = handle(requestRefund, async ({ payment_id }, { uow }) => ({
  charge: await findCharge(uow.tx, payment_id),
}));
