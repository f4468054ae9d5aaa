import { z } from 'zod';
import type { Tx } from '../../platform/database/database';

/** The stored request of a charge, which is the same for every attempt and for the refund. */
export const chargeRequest = z.object({
  provider: z.string(),
  /** The idempotency key at the provider. */
  key: z.string(),
  payment_id: z.string(),
  order_id: z.string(),
  customer_id: z.string(),
  amount: z.int(),
  currency: z.string(),
  payment_method: z.string(),
});

/** A charge that a provider may have taken. `charge_ref` is set when the provider's answer was recorded. */
export const takenCharge = chargeRequest.extend({ charge_ref: z.string().nullish() });

/** Finds the charge of a payment; `null` for a payment by external means. */
export async function findCharge(
  tx: Pick<Tx, 'providerCharge'>,
  payment_id: string,
): Promise<z.infer<typeof takenCharge> | null> {
  const row = await tx.providerCharge.findUnique({ where: { payment_id } });
  return row && takenCharge.parse({ ...row, amount: Number(row.amount) });
}

/** Sets the state of a charge. Only the steps of its saga do so, so there is no concurrent change. */
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
