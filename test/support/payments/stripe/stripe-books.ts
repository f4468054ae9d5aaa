/** What the fake Stripe holds, in Stripe's shapes as far as the adapter reads them. */
export interface Intent {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly created: number;
  status: 'requires_payment_method' | 'succeeded' | 'canceled';
  /** The last one that was tried: taken when the intent has succeeded, declined otherwise. */
  charge: { id: string; object: 'charge'; created: number; amount_refunded: number } | null;
}

export interface StripeRefund {
  readonly id: string;
  readonly object: 'refund';
  readonly payment_intent: string;
  readonly status: 'succeeded' | 'failed';
}

/** As Stripe answers an error (https://docs.stripe.com/api/errors). */
export class StripeProblem extends Error {
  constructor(
    readonly status: number,
    readonly body: Readonly<{ type: string; code?: string; decline_code?: string; param?: string }>,
  ) {
    super(body.code ?? `invalid ${body.param}`);
  }
}

/** @param code which some of Stripe's errors lack */
export const invalid = (code: string | undefined, param?: string): StripeProblem =>
  new StripeProblem(400, { type: 'invalid_request_error', ...(code && { code }), ...(param && { param }) });

/** Cards of Stripe's own test suite (https://docs.stripe.com/testing); every other one does not exist. */
const DECLINES: Readonly<Record<string, { code: string; decline_code: string } | null>> = {
  pm_card_visa: null,
  pm_card_chargeDeclined: { code: 'card_declined', decline_code: 'generic_decline' },
  pm_card_chargeDeclinedInsufficientFunds: { code: 'card_declined', decline_code: 'insufficient_funds' },
  pm_card_authenticationRequired: { code: 'authentication_required', decline_code: 'authentication_required' },
};

export interface StripeBooks {
  readonly intents: Map<string, Intent>;
  /** What refunds of an intent answer instead; to be set by a test. */
  readonly refundsFail: Map<string, 'charge_disputed' | 'failed'>;
  /** Less is refused; where it lies depends on rates of exchange. To be set by a test. */
  smallestAmount: number;
  create(request: Pick<Intent, 'amount' | 'currency' | 'metadata'>): Intent;
  get(id: string): Intent;
  confirm(id: string, paymentMethod: string): Intent;
  cancel(id: string): Intent;
  refund(id: string): StripeRefund;
  refundsOf(id: string): readonly StripeRefund[];
}

/** Some that Stripe knows. */
const CURRENCIES: ReadonlySet<string> = new Set(['eur', 'usd', 'gbp', 'jpy', 'isk', 'mga', 'kwd']);

const now = (): number => Math.floor(Date.now() / 1_000);

/** The rules of payment intents that the adapter stands on. */
export function createStripeBooks(): StripeBooks {
  const intents = new Map<string, Intent>();
  const refunds: StripeRefund[] = [];
  const refundsFail = new Map<string, 'charge_disputed' | 'failed'>();

  function get(id: string): Intent {
    const intent = intents.get(id);
    if (intent) return intent;
    throw new StripeProblem(404, { type: 'invalid_request_error', code: 'resource_missing', param: 'intent' });
  }

  function pending(id: string): Intent {
    const intent = get(id);
    if (intent.status === 'requires_payment_method') return intent;
    throw invalid('payment_intent_unexpected_state');
  }

  const books: StripeBooks = {
    intents,
    refundsFail,
    smallestAmount: 50,
    get,
    create({ amount, currency, metadata }) {
      if (!CURRENCIES.has(currency)) throw invalid(undefined, 'currency');
      if (amount < books.smallestAmount) throw invalid('amount_too_small', 'amount');
      const id = `pi_${intents.size + 1}`;
      const base = { id, object: 'payment_intent', amount, currency, metadata, created: now() } as const;
      const intent: Intent = { ...base, status: 'requires_payment_method', charge: null };
      intents.set(id, intent);
      return intent;
    },
    confirm(id, paymentMethod) {
      const intent = pending(id);
      const decline = DECLINES[paymentMethod];
      if (decline === undefined) throw invalid('resource_missing', 'payment_method');
      intent.charge = { id: `ch_${id}`, object: 'charge', created: now(), amount_refunded: 0 };
      if (decline) throw new StripeProblem(402, { type: 'card_error', ...decline });
      intent.status = 'succeeded';
      return intent;
    },
    cancel(id) {
      const intent = pending(id);
      intent.status = 'canceled';
      return intent;
    },
    refund(id) {
      if (!intents.has(id)) throw invalid('resource_missing', 'payment_intent');
      const { charge, amount, status: intentStatus } = get(id);
      if (charge === null || intentStatus !== 'succeeded') throw invalid('missing');
      if (charge.amount_refunded === amount) throw invalid('charge_already_refunded');
      const failure = refundsFail.get(id);
      if (failure === 'charge_disputed') throw invalid(failure);
      const status = failure ?? 'succeeded';
      if (status === 'succeeded') charge.amount_refunded = amount;
      const refund: StripeRefund = { id: `re_${refunds.length + 1}`, object: 'refund', payment_intent: id, status };
      refunds.unshift(refund);
      return refund;
    },
    refundsOf: (id) => refunds.filter(({ payment_intent }) => payment_intent === id),
  };
  return books;
}
