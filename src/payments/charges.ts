import { z } from 'zod';
import { defineCommand, handle, systemPrincipal } from '../cqrs/message';
import { loadOrder, notPayable } from '../domain/order';
import { decidePayment, paymentAggregate } from '../domain/payment';
import type { Tx } from '../platform/database/database';
import { defineTable } from '../platform/database/table';
import { amount as positive, clientId, currency as iso4217, opaqueId } from '../platform/schemas';

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

/**
 * The intent of the step `charge`: requests the payment and records the provider. A repeat with another provider returns
 * the first one, so two providers never take the money.
 */
export const requestCharge = defineCommand({
  name: 'RequestCharge',
  input: z.strictObject({
    payment_id: opaqueId,
    order_id: opaqueId,
    invoice_id: opaqueId,
    customer_id: clientId,
    amount: positive,
    currency: iso4217,
    payment_method: z.string(),
    provider: z.string(),
  }),
  result: chargeRequest,
  roles: [],
});

const chargeTable = defineTable('provider_charge', 'payment_id');

/** Handles {@link requestCharge}. */
export const requestChargeHandler = handle(
  requestCharge,
  async ({ provider, payment_method, ...content }, { uow, now }) => {
    const order = await loadOrder(uow, content.order_id, systemPrincipal);
    if (order.status !== 'PENDING_PAYMENT') throw notPayable(order);
    const payment = await uow.load(paymentAggregate, content.payment_id);
    uow.change(paymentAggregate, payment, decidePayment({ type: 'request', content, requested_at: now }, payment));

    const { payment_id, order_id, customer_id, amount, currency } = content;
    const charge = { payment_id, order_id, customer_id, amount, currency, payment_method };
    const request = { ...charge, provider, key: payment_id };
    uow.insert(chargeTable, { ...request, state: 'asked', created_at: now, changed_at: now });
    return request;
  },
);

/** Records the step `charge` of the order saga: the provider has taken the money. */
export const recordCharge = defineCommand({
  name: 'RecordCharge',
  input: z.strictObject({ payment_id: opaqueId, charge_ref: z.string() }),
  result: z.object({ charge_ref: z.string() }),
  roles: [],
});

/** Handles {@link recordCharge}. */
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

/** Handles {@link recordChargeUndone}. */
export const recordChargeUndoneHandler = handle(
  recordChargeUndone,
  async ({ payment_id, refund_ref }, { uow, now }) => {
    const change = refund_ref === null ? { state: 'refused' as const } : { state: 'refunded' as const, refund_ref };
    await markCharge(uow.tx, payment_id, change, now);
    return null;
  },
);
