import { z } from 'zod';
import { handle } from '../../mediator/handler';
import { defineQuery } from '../../mediator/message';
import type { Database } from '../../platform/database/database';
import { opaqueId } from '../../platform/schemas';
import { chargeRequest, findCharge } from './provider-charge';

/** Who was asked for a payment's money, if anybody was. */
export const getCharge = defineQuery({
  name: 'GetCharge',
  input: z.strictObject({ payment_id: opaqueId }),
  result: chargeRequest.nullable(),
  roles: [],
});

export const createGetCharge = (database: Database) =>
  handle(getCharge, async ({ payment_id }) => (await findCharge(database, payment_id)) ?? null);
