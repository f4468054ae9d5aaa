import { createCarrier } from '../../../src/fulfilment/carrier';
import { chainOf, createProviderChain } from '../../../src/payments/providers/chain';
import type { GuardedProvider } from '../../../src/payments/providers/provider';
import type { Circuit } from '../../../src/platform/circuit-breaker';
import { bookingRequest } from '../../support/payments/carrier-contract';
import { testCircuit } from '../../support/payments/provider';
import { refusalCode } from '../../support/refusal-code';

const circuits: Circuit[] = [];
afterEach(() => circuits.splice(0).forEach((circuit) => circuit.close()));

const addCircuit = (name: string): Circuit => {
  const circuit = testCircuit(name);
  circuits.push(circuit);
  return circuit;
};

const two = [
  { name: 'test', url: 'http://127.0.0.1:1' },
  { name: 'standby', url: 'http://127.0.0.1:1/standby' },
];
const stripe = { apiKey: 'sk_test_123' };
const asked = { amount: 9_900, payment_method: 'pm_ok', currency: 'EUR' };

it('has the configured providers in their order, Stripe last, with a circuit each', () => {
  const chain = createProviderChain({ config: { providers: two, stripe }, addCircuit });
  expect(chain.all.map(({ name }) => name)).toEqual(['test', 'standby', 'stripe']);
  expect(circuits.map(({ name }) => name)).toEqual([
    'payment_provider/test',
    'payment_provider/standby',
    'payment_provider/stripe',
  ]);
});

it.each([
  ['pm_ok', 'EUR', 'test'],
  ['pm_card_visa', 'EUR', 'stripe'],
  ['pm_1NoXyz', 'EUR', 'stripe'],
  ['pm_ok', 'JPY', 'stripe'],
])('%s in %s goes to %s, the first provider that accepts it', (payment_method, currency, name) => {
  const chain = createProviderChain({ config: { providers: two, stripe }, addCircuit });
  expect(chain.first({ payment_method, amount: 9_900, currency }).name).toBe(name);
});

it.each([
  ['without a provider', []],
  ['when none takes it', two],
])('refuses a payment method %s', (_when, providers) => {
  const chain = createProviderChain({ config: { providers }, addCircuit });
  const card = { payment_method: 'card_4242', amount: 9_900, currency: 'EUR' };
  expect(refusalCode(() => chain.first(card))).toBe('payment_method_not_supported');
});

it('continues after the named provider, past those that do not accept the charge or are unavailable', () => {
  const provider = (name: string, can: boolean, open: boolean) =>
    ({ name, accepts: () => can, isOpen: () => open }) as Partial<GuardedProvider> as GuardedProvider;
  const chain = chainOf([
    provider('first', true, true),
    provider('other_currency', false, false),
    provider('away', true, true),
    provider('there', true, false),
  ]);
  expect(chain.next(asked, 'first')?.name).toBe('there');
  expect(chain.next(asked, 'there')).toBeUndefined();
  expect(chain.first(asked).name).toBe('first');
});

it('finds a provider by its name, and fails for an unknown name', () => {
  const chain = createProviderChain({ config: { providers: two }, addCircuit });
  expect(chain.named('standby').name).toBe('standby');
  expect(() => chain.named('stripe')).toThrow('STRIPE_API_KEY');
});

it('fails retryably without a carrier', async () => {
  const carrier = createCarrier({ config: {}, addCircuit });
  await expect(carrier.book(bookingRequest('mug'))).rejects.toThrow('CARRIER_URL');
  await expect(carrier.cancel(bookingRequest('mug'))).rejects.not.toMatchObject({ name: 'Refusal' });
});
