import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { opaqueId } from '../../platform/schemas';
import { chargeRequest, findCharge } from './provider-charge';

/**
 * Before a charge is taken back: what the provider was asked for. Sent once as the undoing of the asking: when
 * nobody was asked yet, nobody will be, and the answer is `null`.
 */
export const confirmCharge = defineCommand({
  name: 'ConfirmCharge',
  input: z.strictObject({ payment_id: opaqueId }),
  result: chargeRequest.nullable(),
  roles: [],
});

export const confirmChargeHandler = handle(
  confirmCharge,
  async ({ payment_id }, { uow }) => (await findCharge(uow.tx, payment_id)) ?? null,
);
