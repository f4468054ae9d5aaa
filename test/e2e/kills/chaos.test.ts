import { randomInt } from 'node:crypto';
import { chaosEnv, runChaos } from '../../../dev/run-chaos';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

/** `npm run chaos` does the same with 10,000 events and 50 kills. */
const EVENTS = 2_000;
const KILLS = 10;
/** Another one in each run; `CHAOS_SEED` tells a run again. */
const seed = Number(process.env.CHAOS_SEED ?? randomInt(1_000_000));

describe('processes that are killed at random moments', () => {
  let stack: E2eStack;
  beforeAll(async () => (stack = await startE2eStack({ env: chaosEnv })), 60_000);
  afterAll(() => stack?.stop());

  it(`lose no event, invent none, and break no order (CHAOS_SEED=${seed})`, async () => {
    const report = await runChaos({ stack, events: EVENTS, kills: KILLS, seed });
    expect(report.events).toBeGreaterThanOrEqual(EVENTS);
    expect(report.duplicates).toBeLessThanOrEqual(report.duplicatesAtMost);
  }, 240_000);
});
