import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { opaqueId } from '../../platform/schemas';
import { findCharge, takenCharge } from '../charge/provider-charge';

/**
 * Before a charge is taken back: what the provider was asked for. Sent once as the undoing of the asking: when
 * nobody was asked yet, nobody will be, and the answer is `null`.
 */
export const confirmCharge = defineCommand({
  name: 'ConfirmCharge',
  input: z.strictObject({ payment_id: opaqueId }),
  result: takenCharge.nullable(),
  roles: [],
});

export const confirmChargeHandler = handle(confirmCharge, ({ payment_id }, { uow }) => findCharge(uow.tx, payment_id));

/** Before a payment is paid back: which provider took it, if one did. An object, because `null` is for nobody to ask. */
export const askRefund = defineCommand({
  name: 'AskRefund',
  input: z.strictObject({ payment_id: opaqueId }),
  result: z.object({ charge: takenCharge.nullish() }),
  roles: [],
});

export const askRefundHandler = handle(askRefund, async ({ payment_id }, { uow }) => ({
  charge: await findCharge(uow.tx, payment_id),
}));
