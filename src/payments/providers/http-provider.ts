import { z } from 'zod';
import type { Circuit } from '../../platform/circuit-breaker';
import { createJsonClient } from '../../platform/json-client';
import { outsideId } from '../../platform/schemas';
import type { PaymentProvider } from './provider';

/** The address of a provider. */
export interface HttpProviderOptions {
  readonly name: string;
  /** The base address of the account, without a trailing slash. */
  readonly url: string;
  readonly circuit: Circuit;
}

const REFUSALS = {
  payment_declined: 'The payment provider declined the charge. Use another payment method.',
  insufficient_funds: 'The payment method does not cover the amount. Use another payment method.',
  charge_voided: 'The charge was refunded before it was taken. Nothing will be charged.',
  refund_refused: 'The payment provider does not refund this charge.',
};

/** Stripe's own test cards are left to Stripe. */
const METHOD = /^pm_(?!card_)[a-z_]+$/;
const CURRENCIES: ReadonlySet<string> = new Set(['EUR', 'USD', 'GBP', 'CHF']);

const charged = z.object({ charge_ref: outsideId });
const refunded = z.object({ refund_ref: outsideId.nullable() });
const listed = z.object({
  data: z.array(
    z.object({
      key: z.string(),
      charge_ref: z.string(),
      payment_id: z.string(),
      amount: z.int(),
      currency: z.string(),
      refunded_amount: z.int(),
      created_at: z.iso.datetime(),
    }),
  ),
  next_cursor: z.string().nullable(),
});

/** Creates a provider with the HTTP protocol of the local stack's test provider (`testing/provider/`). */
export function createHttpProvider({ name, url, circuit }: HttpProviderOptions): PaymentProvider {
  const ask = createJsonClient({ name: `Payment provider ${name}`, url, refusals: REFUSALS });
  return {
    name,
    accepts: ({ payment_method, currency }) => METHOD.test(payment_method) && CURRENCIES.has(currency),
    charge: (json) =>
      circuit.call((signal) => ask({ method: 'POST', path: '/charges', json, signal, answer: charged })),
    refund: (json) =>
      circuit.call((signal) => ask({ method: 'POST', path: '/refunds', json, signal, answer: refunded })),
    async *charges(since) {
      let cursor: string | null = null;
      do {
        const query = new URLSearchParams({ since, ...(cursor !== null && { cursor }) });
        const path = `/charges?${query.toString()}`;
        const page: z.infer<typeof listed> = await circuit.call((signal) =>
          ask({ method: 'GET', path, signal, answer: listed }),
        );
        yield page.data;
        cursor = page.next_cursor;
      } while (cursor !== null);
    },
  };
}
