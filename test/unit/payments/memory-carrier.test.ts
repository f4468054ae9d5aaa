import { keepsCarrierContract } from '../../support/payments/carrier-contract';
import { createMemoryCarrier } from '../../support/payments/memory-carrier';

const carrier = createMemoryCarrier();

describe('the carrier in memory', () => {
  keepsCarrierContract(() => ({
    carrier,
    products: { carried: 'mug', refused: 'unshippable' },
    standing: async (keys) => carrier.standing(keys),
  }));
});
