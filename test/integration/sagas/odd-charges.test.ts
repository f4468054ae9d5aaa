import { MockActivityEnvironment } from '@temporalio/testing';
import { createReconciliationActivities } from '../../../activities';
import { createApplication } from '../../../src/application';
import { chainOf } from '../../../src/payments/providers/chain';
import type { ProviderCharge } from '../../../src/payments/providers/provider';
import { listDiscrepancies } from '../../../src/reconciliation/routes';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { createMemoryProvider } from '../../support/payments/memory-provider';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
beforeEach(() => db.empty('reconciliation_difference', 'reconciliation_run'));
afterAll(() => db.close());

const DAY_MS = 86_400_000;

const chargeOf = (key: string): ProviderCharge => ({
  ...{ key, charge_ref: `ch_${key}`, payment_id: `pay_${key}`, amount: 5, currency: 'EUR', refunded_amount: 0 },
  created_at: new Date(Date.now() - 3_600_000).toISOString(),
});

/** Copies and compares this list of a provider. @returns the charges that are unknown here */
async function compare(listed: readonly ProviderCharge[]): Promise<string[]> {
  const mediator = createApplication({ database: db.database, logger: silentLogger });
  const provider = {
    ...createMemoryProvider({ name: 'memory' }),
    async *charges() {
      yield listed;
    },
  };
  const activities = createReconciliationActivities({
    mediator,
    providers: chainOf([provider]),
    config: { window: { text: '1 day', ms: DAY_MS }, grace: { text: '0', ms: 0 } },
    logger: silentLogger,
  });
  const run = <A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> =>
    new MockActivityEnvironment().run(activity, ...args) as Promise<R>;
  const begun = await run(activities.beginReconciliation);
  const { run_id } = begun;
  await run(activities.copyProviderCharges, { ...begun, provider: 'memory' });
  await run(activities.compareBook, { run_id, book: 'charges' });
  await run(activities.finishReconciliation, { run_id, unread: [] });
  const { data } = await mediator.send(listDiscrepancies({ limit: 200, kind: 'charge_unknown_here' }));
  return data.map(({ subject }) => subject).sort();
}

it.each([
  ['a long key', { key: 'k'.repeat(100_000) }, 'ch_odd'],
  ['a NUL character in its key', { key: 'k\0' }, 'ch_odd'],
  ['half of a surrogate pair in its key', { key: 'k\ud800' }, 'ch_odd'],
  ['a long reference', { charge_ref: `ch_${'x'.repeat(100_000)}` }, `ch_${'x'.repeat(497)}`],
  ['a NUL character in its reference', { charge_ref: 'ch_\0' }, 'ch_\ufffd'],
  ['half of a surrogate pair in its reference', { charge_ref: 'ch_\udc00' }, 'ch_\ufffd'],
  ['a long payment id', { payment_id: 'p'.repeat(100_000) }, 'ch_odd'],
  ['a NUL character in its payment id', { payment_id: 'p\0' }, 'ch_odd'],
  ['a long currency of NUL characters', { currency: '\0'.repeat(100_000) }, 'ch_odd'],
])('reports a charge with %s and the charges beside it as unknown', async (_, odd, charge_ref) => {
  const found = await compare([chargeOf('a'), { ...chargeOf('odd'), ...odd }, chargeOf('z')]);
  expect(found).toEqual(['memory/ch_a', `memory/${charge_ref}`, 'memory/ch_z'].sort());
});

it('keeps charges apart whose keys differ only in unstorable characters', async () => {
  const listed = ['k\ud800', 'k\ud801', 'k\0'].map((key, n) => ({ ...chargeOf(key), charge_ref: `ch_${n}` }));
  expect(await compare(listed)).toEqual(['memory/ch_0', 'memory/ch_1', 'memory/ch_2']);
});
