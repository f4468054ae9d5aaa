import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { opaqueId } from '../../platform/schemas';
import { chargeRequest, findCharge } from '../charge/provider-charge';

/** Before a payment is paid back: which provider took it, if one did. */
export const askRefund = defineCommand({
  name: 'AskRefund',
  input: z.strictObject({ payment_id: opaqueId }),
  result: z.object({ charge: chargeRequest.optional() }),
  roles: [],
});

export const askRefundHandler = handle(askRefund, async ({ payment_id }, { uow }) => {
  const charge = await findCharge(uow.tx, payment_id);
  return charge ? { charge } : {};
});
