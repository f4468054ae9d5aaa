/**
 * The units of Stripe's amounts; ours are the minor units of ISO 4217. The source is Stripe's page "Supported currencies"
 * (https://docs.stripe.com/currencies). UGX is in two of its lists, of which "Special cases" applies to charges. HUF and
 * TWD are special only for payouts; their charges have two decimals.
 */
interface Unit {
  /** The number of our units in one of Stripe's; 1 if `theirs` is greater. */
  readonly ours: number;
  /** The number of Stripe's units in one of ours; 1 if `ours` is greater. */
  readonly theirs: number;
  /** Every amount at Stripe is a multiple of this. */
  readonly step: number;
}

const SAME: Unit = { ours: 1, theirs: 1, step: 1 };
/** Stripe has two decimals, which must be zero; ISO 4217 has none. */
const WHOLE: Unit = { ours: 1, theirs: 100, step: 100 };
/** Stripe has no decimals; ISO 4217 has two. */
const WITHOUT_DECIMALS: Unit = { ours: 100, theirs: 1, step: 1 };
/** The last of three decimals must be zero. */
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

/** Currencies with three, four or no decimals whose units Stripe does not document. */
const UNKNOWN: ReadonlySet<string> = new Set(
  'IQD LYD CLF UYW UYI XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' '),
);

const unitOf = (currency: string): Unit | undefined =>
  UNKNOWN.has(currency) ? undefined : (OTHERS.get(currency) ?? SAME);

/** Returns our amount in Stripe's units; `undefined` if Stripe has no such amount. @param currency in upper case */
export function toStripe(amount: number, currency: string): number | undefined {
  const unit = unitOf(currency);
  if (!unit) return undefined;
  const theirs = (amount * unit.theirs) / unit.ours;
  return Number.isSafeInteger(theirs) && theirs % unit.step === 0 ? theirs : undefined;
}

/**
 * Returns Stripe's amount in our units, rounded down; `undefined` if Stripe's units are unknown.
 *
 * @param currency in upper case
 */
export function fromStripe(amount: number, currency: string): number | undefined {
  const unit = unitOf(currency);
  return unit && Math.floor((amount * unit.ours) / unit.theirs);
}

/** The metadata field with an intent's idempotency key. Renaming it hides existing charges. */
export const KEY = 'paysaga_key';
