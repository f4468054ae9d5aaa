import type { ChargeRequest, PaymentProvider, ProviderCharge } from '../../../src/payments/providers/provider';
import { chargeRequest } from './charge-request';
import { listedCharges } from './listed-charges';

export interface ProviderUnderTest {
  readonly provider: PaymentProvider;
  /** Payment methods that do as they are called. */
  readonly methods: Readonly<Record<'ok' | 'declined' | 'insufficient_funds' | 'unknown', string>>;
}

/** What every adapter of the port `PaymentProvider` has to keep. Call it in a `describe`. */
export function keepsPaymentProviderContract(underTest: () => ProviderUnderTest): void {
  const request = (method: keyof ProviderUnderTest['methods'] = 'ok', change: Partial<ChargeRequest> = {}) =>
    chargeRequest({ payment_method: underTest().methods[method], ...change });

  const listed = async (...keys: readonly string[]): Promise<ProviderCharge[]> => {
    const all = await listedCharges(underTest().provider, new Date(Date.now() - 60_000).toISOString());
    return all.filter(({ key }) => keys.includes(key));
  };

  it('takes the money once, however often the key asks', async () => {
    const { provider } = underTest();
    const asked = request();
    const { charge_ref } = await provider.charge(asked);
    expect(await provider.charge(asked)).toEqual({ charge_ref });
    expect(await listed(asked.key)).toEqual([
      {
        key: asked.key,
        charge_ref,
        payment_id: asked.payment_id,
        amount: 9_900,
        currency: 'EUR',
        refunded_amount: 0,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    ]);
  });

  it('takes the money once when the same key asks many times at once', async () => {
    const { provider } = underTest();
    const asked = request();
    // One may be told to come again, as any caller of the port may.
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => provider.charge(asked)));
    const { charge_ref } = await provider.charge(asked);
    for (const answer of answers) {
      if (answer.status === 'fulfilled') expect(answer.value).toEqual({ charge_ref });
    }
    expect(await listed(asked.key)).toHaveLength(1);
  });

  it('takes the money of each key by itself', async () => {
    const { provider } = underTest();
    const [one, two] = [request(), request('ok', { amount: 1_500 })];
    const [first, second] = [await provider.charge(one), await provider.charge(two)];
    expect(first.charge_ref).not.toBe(second.charge_ref);
    expect((await listed(one.key, two.key)).map(({ amount }) => amount).sort()).toEqual([1_500, 9_900]);
  });

  it.each([
    ['declined', 'payment_declined'],
    ['insufficient_funds', 'insufficient_funds'],
    ['unknown', 'payment_declined'],
  ] as const)('refuses a method that is %s, each time, and takes nothing', async (method, code) => {
    const { provider } = underTest();
    const asked = request(method);
    await expect(provider.charge(asked)).rejects.toMatchObject({ name: 'Refusal', code });
    await expect(provider.charge(asked)).rejects.toMatchObject({ name: 'Refusal', code });
    expect(await listed(asked.key)).toEqual([]);
  });

  it('pays all of it back, once', async () => {
    const { provider } = underTest();
    const asked = request();
    await provider.charge(asked);
    const refund = await provider.refund(asked);
    expect(refund.refund_ref).toEqual(expect.any(String));
    expect(await provider.refund(asked)).toEqual(refund);
    expect(await listed(asked.key)).toMatchObject([{ amount: 9_900, refunded_amount: 9_900 }]);
  });

  it('pays it back by its key, whether or not it is told the charge', async () => {
    const { provider } = underTest();
    const asked = request();
    const { charge_ref } = await provider.charge(asked);
    const refund = await provider.refund(asked, charge_ref);
    expect(await provider.refund(asked)).toEqual(refund);
    expect(await provider.refund(asked, charge_ref)).toEqual(refund);
    expect(await listed(asked.key)).toMatchObject([{ amount: 9_900, refunded_amount: 9_900 }]);
    await expect(provider.charge(asked)).rejects.toMatchObject({ name: 'Refusal', code: 'charge_voided' });
  });

  it('takes nothing after a refund of what it had never taken', async () => {
    const { provider } = underTest();
    const asked = request();
    expect(await provider.refund(asked)).toEqual({ refund_ref: null });
    expect(await provider.refund(asked)).toEqual({ refund_ref: null });
    await expect(provider.charge(asked)).rejects.toMatchObject({ name: 'Refusal', code: 'charge_voided' });
    expect(await listed(asked.key)).toEqual([]);
  });

  it('has nothing to pay back of a charge that was declined', async () => {
    const { provider } = underTest();
    const asked = request('declined');
    await expect(provider.charge(asked)).rejects.toMatchObject({ code: 'payment_declined' });
    expect(await provider.refund(asked)).toEqual({ refund_ref: null });
  });

  it('does not charge a second time after the refund', async () => {
    const { provider } = underTest();
    const asked = request();
    await provider.charge(asked);
    await provider.refund(asked);
    await expect(provider.charge(asked)).rejects.toMatchObject({ name: 'Refusal', code: 'charge_voided' });
    expect(await listed(asked.key)).toMatchObject([{ amount: 9_900, refunded_amount: 9_900 }]);
  });

  it('keeps no money when charge and refund race', async () => {
    const { provider } = underTest();
    const all = Array.from({ length: 10 }, () => request());
    await Promise.all(
      all.map(async (asked) => {
        await Promise.allSettled([provider.charge(asked), provider.refund(asked), provider.charge(asked)]);
        await provider.refund(asked);
        await expect(provider.charge(asked)).rejects.toMatchObject({ code: 'charge_voided' });
      }),
    );
    const kept = (await listed(...all.map(({ key }) => key))).filter(
      ({ amount, refunded_amount }) => amount !== refunded_amount,
    );
    expect(kept).toEqual([]);
  });

  it('does not list what was charged before the time', async () => {
    const { provider } = underTest();
    await provider.charge(request());
    expect(await listedCharges(provider, new Date(Date.now() + 60_000).toISOString())).toEqual([]);
  });
}
