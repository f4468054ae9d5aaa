import type Stripe from 'stripe';
import type { ProviderCharge } from '../payment-provider';
import type { StripeConnection } from './connect-stripe';
import { KEY } from './metadata';
import { fromStripe } from './stripe-units';

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
