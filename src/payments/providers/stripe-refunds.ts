import type Stripe from 'stripe';
import { Refusal } from '../../platform/refusal';
import type { ChargeRequest, ProviderCharge } from './provider';
import { codeOf, openIntent, type StripeConnection } from './stripe-client';
import { fromStripe, KEY } from './stripe-units';

/**
 * Cancels an intent, or refunds what it took.
 *
 * @returns the refund's id; `null` if nothing was taken
 * @throws Refusal `refund_refused`
 */
export async function cancelOrRefund(stripe: Stripe, { id, status }: Stripe.PaymentIntent): Promise<string | null> {
  if (status === 'canceled') return null;
  if (status === 'succeeded') return refundIntent(stripe, id);
  // The intent may succeed meanwhile. Then Stripe refuses, and the next attempt refunds it.
  await stripe.paymentIntents.cancel(id);
  return null;
}

/**
 * Refunds an intent that took money. Safe to repeat.
 *
 * @returns the refund's id
 * @throws Refusal `refund_refused`
 */
export async function refundIntent(stripe: Stripe, id: string): Promise<string> {
  try {
    const { id: refund_ref, status } = await stripe.refunds.create({ payment_intent: id });
    if (isAccepted(status)) return refund_ref;
    throw refused(`its refund is ${status}`);
  } catch (error) {
    switch (codeOf(error)) {
      case 'charge_already_refunded':
        return refundOf(stripe, id);
      case 'charge_disputed':
        throw refused('its holder disputes it');
      case 'resource_missing':
        throw refused('the configured account does not have it');
      default:
        throw error;
    }
  }
}

async function refundOf(stripe: Stripe, id: string): Promise<string> {
  const { data } = await stripe.refunds.list({ payment_intent: id, limit: 100 });
  // Newest first. The oldest refund is ours, unless an operator refunded a part before.
  const found = data.findLast(({ status }) => isAccepted(status));
  if (found) return found.id;
  throw refused('it is refunded, but no refund succeeded');
}

const isAccepted = (status: string | null): boolean => status !== 'failed' && status !== 'canceled';

const refused = (why: string): Refusal =>
  new Refusal('refund_refused', `The payment provider does not refund this charge: ${why}.`);

/**
 * Refunds what a key took and prevents late charges of it. Each request is safe to repeat.
 *
 * Stripe forgets an idempotency key after a day or more, and then creates a new intent for it. A charge is tried for only
 * ten minutes, so at most one intent of a key was tried with a card. If the key's intent was not, the charge is the
 * recorded one or is found by a search. The search lags by a minute, during which the key is still known.
 *
 * @returns the refund's id; `null` if the key took nothing
 * @throws Refusal `refund_refused`
 */
export async function refundKey(
  stripe: Stripe,
  request: ChargeRequest,
  charge_ref: string | null | undefined,
): Promise<string | null> {
  const own = await intentOf(stripe, request);
  const paidBack = own ? await cancelOrRefund(stripe, own) : null;
  if (own?.latest_charge) return paidBack;
  if (charge_ref) return refundIntent(stripe, charge_ref);

  let refund_ref: string | null = null;
  for (const intent of await search(stripe, request.key)) {
    if (intent.id !== own?.id) refund_ref = (await cancelOrRefund(stripe, intent)) ?? refund_ref;
  }
  return refund_ref;
}

/** Returns the key's current intent; `undefined` if Stripe refuses to create it and so cannot charge it. */
async function intentOf(stripe: Stripe, request: ChargeRequest): Promise<Stripe.PaymentIntent | undefined> {
  try {
    return await stripe.paymentIntents.retrieve(await openIntent(stripe, request));
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

async function search(stripe: Stripe, key: string): Promise<readonly Stripe.PaymentIntent[]> {
  const query = `metadata[${JSON.stringify(KEY)}]:${JSON.stringify(key)}`;
  const { data } = await stripe.paymentIntents.search({ query, limit: 100 });
  return data.filter(({ metadata }) => metadata[KEY] === key);
}

const PAGE = 100;
/** Intents are listed by creation time. Their step confirms them within ten minutes. */
const MADE_BEFORE_SECONDS = 3_600;

/** Lists the charges of our intents, one call per page. */
export async function* chargesSince(
  connection: StripeConnection,
  since: string,
): AsyncIterable<readonly ProviderCharge[]> {
  const from = Math.floor(Date.parse(since) / 1_000);
  let after: string | undefined;
  do {
    const query: Stripe.PaymentIntentListParams = {
      created: { gte: from - MADE_BEFORE_SECONDS },
      limit: PAGE,
      expand: ['data.latest_charge'],
      ...(after !== undefined && { starting_after: after }),
    };
    const page = await connection.call((stripe) => stripe.paymentIntents.list(query));
    yield page.data.map((intent) => chargeOf(intent, from)).filter((charge) => charge !== undefined);
    after = page.has_more ? page.data.at(-1)?.id : undefined;
  } while (after !== undefined);
}

function chargeOf(intent: Stripe.PaymentIntent, from: number): ProviderCharge | undefined {
  const { id, status, metadata, amount_received, latest_charge: charge } = intent;
  const currency = intent.currency.toUpperCase();
  const key = metadata[KEY];
  if (status !== 'succeeded' || key === undefined) return undefined;
  if (charge === null || typeof charge === 'string' || charge.created < from) return undefined;
  return {
    key,
    charge_ref: id,
    payment_id: metadata.payment_id ?? '',
    amount: ours(amount_received, currency),
    currency,
    refunded_amount: ours(charge.amount_refunded, currency),
    created_at: new Date(charge.created * 1_000).toISOString(),
  };
}

/** An amount of an unknown currency is not one of our charges and stays in Stripe's units. */
const ours = (amount: number, currency: string): number => fromStripe(amount, currency) ?? amount;
