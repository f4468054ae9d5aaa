import { MockActivityEnvironment } from '@temporalio/testing';
import { createReconciliationActivities } from '../../../activities';
import type { Mediator } from '../../../src/cqrs/mediator';
import { chainOf } from '../../../src/payments/providers/chain';
import type { ProviderCharge } from '../../../src/payments/providers/provider';
import { silentLogger } from '../../support/logger';
import { createMemoryProvider } from '../../support/payments/memory-provider';

const chargeOf = (key: string): ProviderCharge => ({
  ...{ key, charge_ref: `ch_${key}`, payment_id: `pay_${key}`, amount: 100, currency: 'EUR', refunded_amount: 0 },
  created_at: '2026-01-01T00:00:00Z',
});

/** Copies these pages. @returns what was written down, and how often the activity said that it lives */
async function copy(pages: readonly (readonly ProviderCharge[])[]) {
  const written: { keys: string[]; last: boolean }[] = [];
  const mediator = {
    send: async ({ data }) => {
      const { charges, last } = data as { charges: readonly ProviderCharge[]; last: boolean };
      written.push({ keys: charges.map(({ key }) => key), last });
      return null as never;
    },
  } satisfies Pick<Mediator, 'send'>;
  const provider = {
    ...createMemoryProvider({ name: 'memory' }),
    async *charges() {
      yield* pages;
    },
  };
  const duration = { text: '1 day', ms: 86_400_000 };
  const { copyProviderCharges } = createReconciliationActivities({
    mediator: mediator as Pick<Mediator, 'send'> as Mediator,
    providers: chainOf([provider]),
    config: { window: duration, grace: duration },
    logger: silentLogger,
  });
  const activity = new MockActivityEnvironment();
  let heartbeats = 0;
  activity.on('heartbeat', () => (heartbeats += 1));
  const run = { run_id: 'rec_1', since: '2026-01-02T00:00:00Z', providers: ['memory'], provider: 'memory' };
  const copied = await activity.run(copyProviderCharges, run);
  return { written, heartbeats, copied };
}

it('copies page by page, and marks the list as complete at the end', async () => {
  const { written, copied } = await copy([[chargeOf('a'), chargeOf('b')], [chargeOf('c')]]);
  expect(written).toEqual([
    { keys: ['a', 'b'], last: false },
    { keys: ['c'], last: false },
    { keys: [], last: true },
  ]);
  expect(copied).toBe(3);
});

it('heartbeats with each page, and writes nothing for an empty page', async () => {
  const { written, heartbeats, copied } = await copy([[], [], [chargeOf('a')], []]);
  expect(heartbeats).toBe(4);
  expect(written).toEqual([
    { keys: ['a'], last: false },
    { keys: [], last: true },
  ]);
  expect(copied).toBe(1);
});
