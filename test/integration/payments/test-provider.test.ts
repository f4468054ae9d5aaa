import { waitUntil } from '../../../dev/os/ports';
import { createHttpCarrier } from '../../../src/fulfilment/carrier';
import { createHttpProvider } from '../../../src/payments/providers/http-provider';
import type { PaymentProvider } from '../../../src/payments/providers/provider';
import type { Circuit } from '../../../src/platform/circuit-breaker';
import { keepsCarrierContract } from '../../support/payments/carrier-contract';
import { chargeRequest } from '../../support/payments/charge-request';
import { listedCharges } from '../../support/payments/listed-charges';
import { keepsPaymentProviderContract } from '../../support/payments/payment-provider-contract';
import { startTestProvider, testCircuit, type TestProvider } from '../../support/payments/provider';

let process_: TestProvider;
const circuits: Circuit[] = [];

function connect(path = '', timeoutMs = 3_000): PaymentProvider {
  const circuit = testCircuit('test', timeoutMs);
  circuits.push(circuit);
  return createHttpProvider({ name: 'test', url: `${process_.url}${path}`, circuit });
}

beforeAll(async () => {
  process_ = await startTestProvider();
});

afterAll(async () => {
  circuits.forEach((circuit) => circuit.close());
  await process_.stop();
});

describe.each(['', '/standby'])('the test provider at "%s"', (path) => {
  keepsPaymentProviderContract(() => ({
    provider: connect(path),
    methods: {
      ok: 'pm_ok',
      declined: 'pm_declined',
      insufficient_funds: 'pm_insufficient_funds',
      unknown: 'pm_of_nobody',
    },
  }));
});

describe('the test carrier', () => {
  keepsCarrierContract(() => {
    const circuit = testCircuit('carrier');
    circuits.push(circuit);
    return {
      carrier: createHttpCarrier({ name: 'carrier', url: `${process_.url}/carrier`, circuit }),
      products: { carried: 'mug', refused: 'unshippable' },
      async standing(keys) {
        const bookings = await process_.bookings();
        return bookings.filter(({ key, cancelled }) => !cancelled && keys.includes(key)).length;
      },
    };
  });
});

it('keeps the charges of its two accounts apart', async () => {
  const asked = chargeRequest();
  await connect('/standby').charge(asked);
  const keysOf = async (account: 'test' | 'standby') => (await process_.books(account)).charges.map(({ key }) => key);
  expect(await keysOf('standby')).toContain(asked.key);
  expect(await keysOf('test')).not.toContain(asked.key);
});

it('lists all its charges, however many pages they take', async () => {
  const provider = connect();
  const since = new Date().toISOString();
  const keys = new Set<string>();
  for (let round = 0; round < 25; round++) {
    const asked = Array.from({ length: 10 }, () => chargeRequest());
    await Promise.all(asked.map((one) => provider.charge(one)));
    asked.forEach(({ key }) => keys.add(key));
  }
  const listed = (await listedCharges(provider, since)).map(({ key }) => key);
  expect(listed).toHaveLength(250);
  expect(new Set(listed)).toEqual(keys);
});

it('answers the retry of a timed-out charge with that charge', async () => {
  const provider = connect('', 300);
  const asked = chargeRequest({ payment_method: 'pm_timeout_then_ok' });
  await expect(provider.charge(asked)).rejects.toMatchObject({ code: 'call_timed_out' });
  const { charges } = await process_.books('test');
  const taken = charges.find(({ key }) => key === asked.key);
  expect(await provider.charge(asked)).toEqual({ charge_ref: taken?.charge_ref });
});

it('takes nothing of a slow charge that was refunded while it was under way', async () => {
  const provider = connect();
  const asked = chargeRequest({ payment_method: 'pm_slow' });
  const slow = provider.charge(asked);
  const refused = expect(slow).rejects.toMatchObject({ code: 'charge_voided' });
  expect(await connect().refund(asked)).toEqual({ refund_ref: null });
  await refused;
  expect((await process_.books('test')).charges.map(({ key }) => key)).not.toContain(asked.key);
});

it('remembers a charge across a SIGKILL', async () => {
  const provider = connect();
  const asked = chargeRequest({ payment_method: 'pm_timeout_then_ok' });
  const underWay = expect(provider.charge(asked)).rejects.toThrow('cannot be reached');
  await taken(asked.key);
  await process_.kill();
  await underWay;
  await expect(provider.charge(asked)).rejects.toThrow('cannot be reached');

  await process_.start();
  const { charge_ref } = await provider.charge(asked);
  const { charges } = await process_.books('test');
  expect(charges.filter(({ key }) => key === asked.key)).toMatchObject([{ charge_ref }]);
});

it('remembers refunds, voids and bookings across a SIGKILL', async () => {
  const provider = connect();
  const [refunded, voided] = [chargeRequest(), chargeRequest()];
  await provider.charge(refunded);
  const refund = await provider.refund(refunded);
  await provider.refund(voided);
  const before = await process_.bookings();
  await process_.kill();
  await process_.start();
  expect(await provider.refund(refunded)).toEqual(refund);
  await expect(provider.charge(voided)).rejects.toMatchObject({ code: 'charge_voided' });
  expect(await process_.bookings()).toEqual(before);
});

it('behaves as configured: no answer, 503, or a late answer', async () => {
  const provider = connect('', 300);
  const asked = chargeRequest();
  await process_.behave('test', 'unavailable', 1);
  await expect(provider.charge(asked)).rejects.toThrow('503');
  await process_.behave('test', 'hang', 1);
  await expect(provider.charge(asked)).rejects.toMatchObject({ code: 'call_timed_out' });
  expect((await process_.books('test')).charges.map(({ key }) => key)).not.toContain(asked.key);
  await process_.behave('test', 'lose_answers', 1);
  await expect(provider.charge(asked)).rejects.toMatchObject({ code: 'call_timed_out' });
  expect((await process_.books('test')).charges.map(({ key }) => key)).toContain(asked.key);
  expect(await provider.charge(asked)).toEqual({ charge_ref: expect.any(String) });
});

it('fails for another charge under a used key', async () => {
  const provider = connect();
  const asked = chargeRequest();
  await provider.charge(asked);
  await expect(provider.charge({ ...asked, amount: 1 })).rejects.toThrow('422');
});

async function taken(key: string): Promise<void> {
  const isTaken = async (): Promise<boolean> =>
    (await process_.books('test')).charges.some((charge) => charge.key === key);
  expect(await waitUntil(isTaken, { timeoutMs: 5_000, everyMs: 10 })).toBe(true);
}
