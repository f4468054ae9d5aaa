import { z } from 'zod';
import type { Tx } from '../../platform/database/database';

/** What a provider was asked for, as its row remembers it: the same for every attempt, and for its refund. */
export const chargeRequest = z.object({
  provider: z.string(),
  /** Idempotency key at the provider. */
  key: z.string(),
  payment_id: z.string(),
  order_id: z.string(),
  customer_id: z.string(),
  amount: z.int(),
  currency: z.string(),
  payment_method: z.string(),
});

/** What a provider may have taken: also the charge itself, once its answer was recorded. */
export const takenCharge = chargeRequest.extend({ charge_ref: z.string().nullish() });

/** `null` for a payment that no provider was asked for, as one that was made outside. */
export async function findCharge(
  tx: Pick<Tx, 'providerCharge'>,
  payment_id: string,
): Promise<z.infer<typeof takenCharge> | null> {
  const row = await tx.providerCharge.findUnique({ where: { payment_id } });
  return row && takenCharge.parse({ ...row, amount: Number(row.amount) });
}

/** Nobody changes a charge but the saga of its payment, one step after the other. */
export async function markCharge(
  tx: Pick<Tx, 'providerCharge'>,
  payment_id: string,
  change:
    | { readonly state: 'charged'; readonly charge_ref: string }
    | { readonly state: 'refunded'; readonly refund_ref: string }
    | { readonly state: 'refused' },
  now: string,
): Promise<void> {
  await tx.providerCharge.update({ where: { payment_id }, data: { ...change, changed_at: now } });
}
