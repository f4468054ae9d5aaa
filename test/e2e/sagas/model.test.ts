import fc from 'fast-check';
import { newClientId } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import type { RealShop } from '../../support/model/command';
import { shopCommands } from '../../support/model/commands';
import { createShopModel } from '../../support/model/shop-model';
import { takeStock, verifyShop } from '../../support/model/verify-shop';

/** `MODEL_SECONDS` lets it look for longer; the others repeat what a failure has printed: seed, path, replayPath. */
const { MODEL_SECONDS = '60', MODEL_SEED, MODEL_PATH, MODEL_REPLAY } = process.env;
const LIMIT_MS = Number(MODEL_SECONDS) * 1_000;
/** A run that has begun when the time is over comes to its end. */
const LONGEST_RUN_MS = 300_000;
/** More than there is time for. */
const MOST_RUNS = 10_000;
const PAYMENT_TIMEOUT_MS = 6_000;
/** What a failure has to become small in. */
const SHRINK_MS = 240_000;
/** The same in every suite, so that a failure is one of the change; other seeds when it may look for longer. */
const SEED = MODEL_SEED ?? (process.env.MODEL_SECONDS === undefined ? 20_261_121 : Date.now() % 2 ** 31);

let stack: E2eStack;
beforeAll(async () => {
  stack = await startE2eStack({
    env: {
      ORDER_PAYMENT_TIMEOUT: `${PAYMENT_TIMEOUT_MS}`,
      ORDER_PAYMENT_SWEEP_INTERVAL_MS: '1000',
      RECONCILIATION_INTERVAL_MS: '5000',
      RECONCILIATION_GRACE: '5s',
      // A round of compensation takes a second or two: what is to get stuck gets stuck soon.
      COMPENSATION_MAX_INTERVAL_MS: '200',
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

    const constraints = { maxCommands: 20, size: 'max', ...(MODEL_REPLAY && { replayPath: MODEL_REPLAY }) } as const;

    /** Runs that would begin when the time is over are left out; a failure has time of its own to shrink. */
    const property = fc.asyncProperty(fc.commands(shopCommands, constraints), async (commands) => {
      if (performance.now() > until) return;
      const model = createShopModel(PAYMENT_TIMEOUT_MS);
      const real: RealShop = { stack, brand: newClientId('cus') };
      try {
        const before = await takeStock(stack);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        ordersPlaced += model.orders.length;
        await verifyShop(model, real, before);
      } catch (error) {
        if (!failed) until = performance.now() + SHRINK_MS;
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
  LIMIT_MS + SHRINK_MS + LONGEST_RUN_MS,
);
