import { fromStripe, toStripe } from '../../../src/payments/providers/stripe-units';

/** All of ISO 4217 (list one, 2026) by the digits behind the point; `null` without a minor unit. */
const ISO_4217: readonly (readonly [number | null, string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
  [null, 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'],
  [
    2,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW ' +
      'CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF ' +
      'IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK ' +
      'MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP ' +
      'SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG ' +
      'YER ZAR ZMW ZWG',
  ],
];
const digitsOf = new Map(
  ISO_4217.flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, digits] as const)),
);

/** As Stripe publishes them for charges (https://docs.stripe.com/currencies). */
const ZERO_DECIMAL = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' ');
const THREE_DECIMAL = 'BHD JOD KWD OMR TND'.split(' ');
/** Without decimals, and counted with two, which are zero. */
const COUNTED_WITH_TWO = ['ISK', 'UGX'];

/** Digits behind the point in which Stripe counts, and what an amount is a multiple of. */
function publishedOf(code: string): { digits: number; step: number } | undefined {
  if (COUNTED_WITH_TWO.includes(code)) return { digits: 2, step: 100 };
  if (ZERO_DECIMAL.includes(code)) return { digits: 0, step: 1 };
  if (THREE_DECIMAL.includes(code)) return { digits: 3, step: 10 };
  return digitsOf.get(code) === 2 ? { digits: 2, step: 1 } : undefined;
}

const known = [...digitsOf.keys()].filter((code) => publishedOf(code));
const unknown = [...digitsOf.keys()].filter((code) => !publishedOf(code));

it('covers all currencies', () => {
  expect([digitsOf.size, known.length, unknown.length]).toEqual([179, 161, 18]);
});

it.each(known)('converts %s to Stripe’s units and back without loss, or not at all', (code) => {
  const ours = digitsOf.get(code) ?? 0;
  const { digits, step } = publishedOf(code) ?? { digits: 0, step: 1 };
  for (const amount of [1, 10, 99, 100, 101, 1_010, 500_000, 123_456, 999_999_999_999]) {
    // In whole numbers: the money times ten to the power of three.
    const money = BigInt(amount) * 10n ** BigInt(3 - ours);
    const unit = 10n ** BigInt(3 - digits);
    const theirs = money % unit === 0n && (money / unit) % BigInt(step) === 0n ? Number(money / unit) : undefined;
    expect([amount, toStripe(amount, code)]).toEqual([amount, theirs]);
    if (theirs !== undefined) expect(fromStripe(theirs, code)).toBe(amount);
  }
});

it.each(unknown)('neither charges nor accepts %s', (code) => {
  expect([toStripe(100, code), fromStripe(100, code)]).toEqual([undefined, undefined]);
});

/** The examples of Stripe's page. */
it.each([
  ['USD', 1_000, 1_000],
  ['JPY', 500, 500],
  ['ISK', 5, 500],
  ['UGX', 5, 500],
  ['HUF', 1_045, 1_045],
  ['TWD', 80_045, 80_045],
  ['KWD', 5_120, 5_120],
  ['KWD', 5_124, undefined],
])('charges %s %d in minor units as %p', (code, amount, theirs) => {
  expect(toStripe(amount, code)).toBe(theirs);
});

it('does not confuse 5,000 krónur with 500,000', () => {
  expect(fromStripe(500_000, 'ISK')).toBe(5_000);
});

it('rounds a payment down to whole units, and charges no amount beyond a safe integer', () => {
  expect(fromStripe(550, 'ISK')).toBe(5);
  expect(toStripe(Number.MAX_SAFE_INTEGER, 'ISK')).toBeUndefined();
});
