import type { PaymentProvider } from '../../../src/payments/providers/provider';
import { createStripeProvider } from '../../../src/payments/providers/stripe';
import { connectStripe } from '../../../src/payments/providers/stripe-client';
import type { Circuit } from '../../../src/platform/circuit-breaker';
import { chargeRequest } from '../../support/payments/charge-request';
import { listedCharges } from '../../support/payments/listed-charges';
import { keepsPaymentProviderContract } from '../../support/payments/payment-provider-contract';
import { testCircuit } from '../../support/payments/provider';
import { type FakeStripe, startFakeStripe } from '../../support/payments/stripe/fake-stripe';
import { startStripeMock, type StripeMock } from '../../support/payments/stripe/stripe-mock';

const circuits: Circuit[] = [];
afterAll(() => circuits.forEach((circuit) => circuit.close()));

function connect(apiUrl: string, timeoutMs = 3_000): PaymentProvider {
  const circuit = testCircuit('stripe', timeoutMs);
  circuits.push(circuit);
  return createStripeProvider(connectStripe({ apiKey: 'sk_test_123', apiUrl, circuit }));
}

const byCard = (method = 'pm_card_visa') => chargeRequest({ payment_method: method });

describe("on Stripe's own stripe-mock, which checks requests, keeps nothing and answers with fixtures", () => {
  let mock: StripeMock;
  beforeAll(async () => void (mock = await startStripeMock()), 180_000);
  afterAll(() => mock.stop());

  it("sends only requests of Stripe's description to create, confirm and read an intent", async () => {
    // Its fixture is an intent that was not paid, whatever was confirmed: so the charge is not taken for one.
    await expect(connect(mock.url).charge(byCard())).rejects.toThrow('Stripe has not taken the money yet');
  });

  it("sends only requests of Stripe's description to search and cancel", async () => {
    expect(await connect(mock.url).refund(byCard())).toEqual({ refund_ref: null });
  });

  it("sends only requests of Stripe's description to list", async () => {
    expect(await listedCharges(connect(mock.url))).toEqual([]);
  });

  it('fails without a refusal when the API key is not valid', async () => {
    const circuit = testCircuit('stripe');
    circuits.push(circuit);
    const provider = createStripeProvider(connectStripe({ apiKey: 'nonsense', apiUrl: mock.url, circuit }));
    await expect(provider.charge(byCard())).rejects.toThrow('StripeAuthenticationError');
  });
});

describe('on a fake of ours, which keeps the state that stripe-mock lacks', () => {
  let fake: FakeStripe;
  beforeAll(async () => void (fake = await startFakeStripe()));
  afterAll(() => fake.stop());

  const intentsOf = (key: string) =>
    [...fake.books.intents.values()].filter(({ metadata }) => metadata.paysaga_key === key);

  keepsPaymentProviderContract(() => ({
    provider: connect(fake.url),
    methods: {
      ok: 'pm_card_visa',
      declined: 'pm_card_chargeDeclined',
      insufficient_funds: 'pm_card_chargeDeclinedInsufficientFunds',
      unknown: 'pm_of_nobody',
    },
  }));

  it('declines a card that requires authentication', async () => {
    const asked = byCard('pm_card_authenticationRequired');
    await expect(connect(fake.url).charge(asked)).rejects.toMatchObject({ code: 'payment_declined' });
  });

  it.each([
    ['an amount', { amount: 49 }],
    ['a currency', { currency: 'XTS' }],
  ])('declines %s that Stripe never charges, and refunds nothing', async (_what, change) => {
    const asked = { ...byCard(), ...change };
    await expect(connect(fake.url).charge(asked)).rejects.toMatchObject({ code: 'payment_declined' });
    expect(await connect(fake.url).refund(asked)).toEqual({ refund_ref: null });
  });

  it('refunds an amount that Stripe charged days ago, and charges no more', async () => {
    const asked = byCard();
    const { charge_ref } = await connect(fake.url).charge(asked);
    fake.forgetIdempotencyKeys();
    fake.books.smallestAmount = asked.amount + 1;
    const { refund_ref } = await connect(fake.url)
      .refund(asked)
      .finally(() => (fake.books.smallestAmount = 50));
    expect(fake.books.refundsOf(charge_ref)).toMatchObject([{ id: refund_ref }]);
  });

  it('finds the charge whose answer was lost', async () => {
    const asked = byCard();
    fake.spoil(/\/confirm$/, 'lose_answer');
    await expect(connect(fake.url, 300).charge(asked)).rejects.toMatchObject({ code: 'call_timed_out' });
    const [intent] = intentsOf(asked.key);
    expect(await connect(fake.url).charge(asked)).toEqual({ charge_ref: intent?.id });
    expect(intentsOf(asked.key)).toHaveLength(1);
  });

  it('finds the charge that Stripe took and answered with an error', async () => {
    const asked = byCard();
    fake.spoil(/\/confirm$/, 500);
    await expect(connect(fake.url).charge(asked)).rejects.toThrow('StripeAPIError');
    expect(await connect(fake.url).charge(asked)).toEqual({ charge_ref: intentsOf(asked.key)[0]?.id });
  });

  it('refunds once when the answer to a refund was lost', async () => {
    const asked = byCard();
    const { charge_ref } = await connect(fake.url).charge(asked);
    fake.spoil(/^POST \/v1\/refunds/, 'lose_answer');
    await expect(connect(fake.url, 300).refund(asked)).rejects.toMatchObject({ code: 'call_timed_out' });
    const { refund_ref } = await connect(fake.url).refund(asked);
    expect(fake.books.refundsOf(charge_ref)).toMatchObject([{ id: refund_ref }]);
  });

  it('refunds a charge of days ago, when Stripe has forgotten the key', async () => {
    const asked = byCard();
    const { charge_ref } = await connect(fake.url).charge(asked);
    fake.forgetIdempotencyKeys();
    const { refund_ref } = await connect(fake.url).refund(asked);
    expect(fake.books.refundsOf(charge_ref)).toMatchObject([{ id: refund_ref, status: 'succeeded' }]);
    expect(
      intentsOf(asked.key)
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['canceled', 'succeeded']);
  });

  it.each([
    ['the search', /\/search/],
    ['the cancelling of the intent that it made', /\/cancel$/],
    ['the refund', /^POST \/v1\/refunds/],
  ])('refunds at the second attempt when %s failed at the first', async (_what, path) => {
    const asked = byCard();
    const { charge_ref } = await connect(fake.url).charge(asked);
    fake.forgetIdempotencyKeys();
    fake.spoil(path, 500);
    await expect(connect(fake.url).refund(asked)).rejects.toThrow('StripeAPIError');
    const { refund_ref } = await connect(fake.url).refund(asked);
    expect(fake.books.refundsOf(charge_ref)).toMatchObject([{ id: refund_ref, status: 'succeeded' }]);
  });

  it('refunds a charge of known reference without a search, and prevents later charges of the key', async () => {
    const asked = byCard();
    const { charge_ref } = await connect(fake.url).charge(asked);
    fake.forgetIdempotencyKeys();
    const before = fake.requests.length;
    const { refund_ref } = await connect(fake.url).refund(asked, charge_ref);
    expect(fake.requests.slice(before)).toEqual([
      'POST /v1/payment_intents',
      expect.stringMatching(/^GET .*\/pi_\d+$/),
      expect.stringMatching(/cancel$/),
      'POST /v1/refunds',
    ]);
    expect(fake.books.refundsOf(charge_ref)).toMatchObject([{ id: refund_ref, status: 'succeeded' }]);
    await expect(connect(fake.url).charge(asked)).rejects.toMatchObject({ code: 'charge_voided' });
  });

  it('refuses to refund a charge that the account does not have', async () => {
    const refused = connect(fake.url).refund(byCard(), 'pi_ofanotheraccount');
    await expect(refused).rejects.toMatchObject({ name: 'Refusal', code: 'refund_refused' });
  });

  it('does not search after the card was declined', async () => {
    const asked = byCard('pm_card_chargeDeclined');
    await expect(connect(fake.url).charge(asked)).rejects.toMatchObject({ code: 'payment_declined' });
    const before = fake.requests.length;
    expect(await connect(fake.url).refund(asked)).toEqual({ refund_ref: null });
    expect(fake.requests.slice(before)).not.toContain('GET /v1/payment_intents/search');
  });

  it.each(['charge_disputed', 'failed'] as const)('refuses a refund that Stripe does not make: %s', async (failure) => {
    const asked = byCard();
    const { charge_ref } = await connect(fake.url).charge(asked);
    fake.books.refundsFail.set(charge_ref, failure);
    await expect(connect(fake.url).refund(asked)).rejects.toMatchObject({ name: 'Refusal', code: 'refund_refused' });
  });

  it('lists all pages, without charges that are not ours or not paid', async () => {
    const provider = connect(fake.url);
    const since = new Date().toISOString();
    const asked = Array.from({ length: 25 }, () => byCard());
    for (const one of asked) await provider.charge(one);
    await provider.refund(byCard());
    const foreign = fake.books.create({ amount: 500, currency: 'eur', metadata: {} });
    fake.books.confirm(foreign.id, 'pm_card_visa');
    const listed = (await listedCharges(provider, since)).map(({ key }) => key);
    expect(listed).toEqual(expect.arrayContaining(asked.map(({ key }) => key)));
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed.every((key) => key.startsWith('order-'))).toBe(true);
  });

  it('yields an empty page for a page without our charges', async () => {
    const provider = connect(fake.url);
    for (let count = 0; count < 25; count++) fake.books.create({ amount: 500, currency: 'eur', metadata: {} });
    const pages = [];
    for await (const page of provider.charges(new Date().toISOString())) pages.push(page);
    expect(pages.length).toBeGreaterThanOrEqual(3);
    expect(pages.slice(0, 2)).toEqual([[], []]);
  });

  it.each([
    ['pm_card_visa', 101, 'EUR', true],
    ['pm_1QxYz', 101, 'JPY', true],
    ['card_1', 101, 'EUR', false],
    ['pm_card_visa', 101, 'UGX', true],
    ['pm_card_visa', 100, 'MGA', true],
    ['pm_card_visa', 101, 'MGA', false],
    ['pm_card_visa', 100, 'KWD', true],
    ['pm_card_visa', 101, 'KWD', false],
    ['pm_card_visa', 100, 'IQD', false],
  ])('%s for %i %s: accepted is %s', (payment_method, amount, currency, accepted) => {
    expect(connect(fake.url).accepts({ payment_method, amount, currency })).toBe(accepted);
  });

  it.each([
    ['ISK', 5_000, 500_000],
    ['MGA', 5_000_000, 50_000],
    ['KWD', 5_120, 5_120],
  ])('charges, lists and refunds the order’s amount in %s, in Stripe’s units', async (currency, amount, theirs) => {
    const provider = connect(fake.url);
    const since = new Date().toISOString();
    const request = chargeRequest({ payment_method: 'pm_card_visa', currency, amount });
    const { charge_ref } = await provider.charge(request);
    expect(fake.books.get(charge_ref)).toMatchObject({ amount: theirs, status: 'succeeded' });
    const listed = async () => (await listedCharges(provider, since)).find(({ key }) => key === request.key);
    expect(await listed()).toMatchObject({ amount, currency, refunded_amount: 0 });
    await provider.refund(request);
    expect(await listed()).toMatchObject({ amount, currency, refunded_amount: amount });
  });

  it('never charges an amount that Stripe cannot represent', async () => {
    const before = fake.books.intents.size;
    await expect(
      connect(fake.url).charge(chargeRequest({ payment_method: 'pm_card_visa', currency: 'MGA', amount: 101 })),
    ).rejects.toMatchObject({
      code: 'payment_declined',
    });
    expect(fake.books.intents.size).toBe(before);
  });
});
