import { chargeRequest } from '../../support/payments/charge-request';
import { createMemoryProvider } from '../../support/payments/memory-provider';
import { keepsPaymentProviderContract } from '../../support/payments/payment-provider-contract';

const provider = createMemoryProvider({ name: 'memory' });

describe('the provider in memory', () => {
  keepsPaymentProviderContract(() => ({
    provider,
    methods: {
      ok: 'pm_ok',
      declined: 'pm_declined',
      insufficient_funds: 'pm_insufficient_funds',
      unknown: 'pm_of_nobody',
    },
  }));

  it('charges nothing when the request is lost, and charges when the answer is lost', async () => {
    const asked = chargeRequest();
    provider.lose('request');
    await expect(provider.charge(asked)).rejects.toThrow('cannot be reached');
    expect(await provider.refund(asked)).toEqual({ refund_ref: null });

    const taken = chargeRequest();
    provider.lose('answer');
    await expect(provider.charge(taken)).rejects.toThrow('did not answer');
    expect(await provider.refund(taken)).toEqual({ refund_ref: expect.any(String) });
  });
});
