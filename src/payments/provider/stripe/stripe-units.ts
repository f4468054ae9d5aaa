/**
 * How Stripe counts a charge's amount. Ours are in ISO 4217's minor units, Stripe's in units of its own. The source is its
 * page "Supported currencies" (https://docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal currencies"
 * and "Special cases"). UGX is in two of its lists: for charges the special case holds. HUF and TWD are special for payouts
 * alone, which nothing here makes: charges have two decimals, as in ISO 4217.
 */
interface Unit {
  /** One of Stripe's units is so many of ours… */
  readonly ours: number;
  /** …or so many of Stripe's are one of ours. */
  readonly theirs: number;
  /** What each amount at Stripe is a multiple of. */
  readonly step: number;
}

const SAME: Unit = { ours: 1, theirs: 1, step: 1 };
/** Stripe keeps two decimals, which have to be zero, where ISO 4217 has none. */
const WHOLE: Unit = { ours: 1, theirs: 100, step: 100 };
/** Stripe has no decimals where ISO 4217 has two. */
const WITHOUT_DECIMALS: Unit = { ours: 100, theirs: 1, step: 1 };
/** The last of three decimals has to be zero. */
const TENS: Unit = { ours: 1, theirs: 1, step: 10 };

const OTHERS: ReadonlyMap<string, Unit> = new Map([
  ['ISK', WHOLE],
  ['UGX', WHOLE],
  ['MGA', WITHOUT_DECIMALS],
  ['BHD', TENS],
  ['JOD', TENS],
  ['KWD', TENS],
  ['OMR', TENS],
  ['TND', TENS],
]);

/** Those with three decimals, four, or no unit at all, of which Stripe does not say how it counts them. */
const UNKNOWN: ReadonlySet<string> = new Set(
  'IQD LYD CLF UYW UYI XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' '),
);

const unitOf = (currency: string): Unit | undefined =>
  UNKNOWN.has(currency) ? undefined : (OTHERS.get(currency) ?? SAME);

/** Our amount in Stripe's units; `undefined` where Stripe has no such amount. @param currency in upper case */
export function toStripe(amount: number, currency: string): number | undefined {
  const unit = unitOf(currency);
  if (!unit) return undefined;
  const theirs = (amount * unit.theirs) / unit.ours;
  return Number.isSafeInteger(theirs) && theirs % unit.step === 0 ? theirs : undefined;
}

/**
 * Stripe's amount in our units, a rest that is less than one left out; `undefined` where it is not known how Stripe
 * counts. @param currency in upper case
 */
export function fromStripe(amount: number, currency: string): number | undefined {
  const unit = unitOf(currency);
  return unit && Math.floor((amount * unit.ours) / unit.theirs);
}
