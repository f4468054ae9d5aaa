import fc from 'fast-check';
import { newClientId } from '../../dev/client/shop';
import { type E2eStack, startE2eStack } from '../support/e2e-stack';
import { type RealShop, shopCommands } from '../support/model/commands';
import { createShopModel } from '../support/model/shop-model';
import { takeStock, verifyShop } from '../support/model/verify-shop';

/** `MODEL_SECONDS` lets it look for longer, `MODEL_SEED` and `MODEL_PATH` look at what a failure has printed. */
const { MODEL_SECONDS = '60', MODEL_SEED, MODEL_PATH } = process.env;
const LIMIT_MS = Number(MODEL_SECONDS) * 1_000;
/** A run that has begun when the time is over comes to its end. */
const LONGEST_RUN_MS = 300_000;
/** More than there is time for. */
const MOST_RUNS = 10_000;
const PAYMENT_TIMEOUT_MS = 12_000;
/** The same in every suite, so that a failure is one of the change; other seeds when it may look for longer. */
const SEED = MODEL_SEED ?? (process.env.MODEL_SECONDS === undefined ? 20_261_121 : Date.now() % 2 ** 31);

let stack: E2eStack;
beforeAll(async () => {
  stack = await startE2eStack({
    env: {
      ORDER_PAYMENT_TIMEOUT: `${PAYMENT_TIMEOUT_MS}`,
      ORDER_PAYMENT_SWEEP_INTERVAL_MS: '2000',
      RECONCILIATION_INTERVAL_MS: '5000',
      RECONCILIATION_GRACE: '5s',
    },
  });
}, 60_000);
afterAll(() => stack?.stop());

it(
  'does what its model says, whatever customers, faults and time do',
  async () => {
    let until = performance.now() + LIMIT_MS;
    let ordersPlaced = 0;
    let failed = false;

    /** Runs that would begin when the time is over are left out; a failure has as much time again to shrink. */
    const property = fc.asyncProperty(fc.commands(shopCommands, { maxCommands: 20, size: 'max' }), async (commands) => {
      if (performance.now() > until) return;
      const model = createShopModel(PAYMENT_TIMEOUT_MS);
      const real: RealShop = { stack, brand: newClientId('cus') };
      try {
        const before = await takeStock(stack);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        ordersPlaced += model.orders.length;
        await verifyShop(model, real, before);
      } catch (error) {
        if (!failed) until = performance.now() + LIMIT_MS;
        failed = true;
        throw error;
      }
    });
    await fc.assert(property, {
      seed: Number(SEED),
      ...(MODEL_PATH !== undefined && { path: MODEL_PATH }),
      numRuns: MOST_RUNS,
      // Short runs come by shrinking.
      unbiased: true,
      verbose: fc.VerbosityLevel.Verbose,
    });
    expect(ordersPlaced).toBeGreaterThan(0);
  },
  2 * LIMIT_MS + LONGEST_RUN_MS,
);
