import type { Discrepancy } from '../../../src/reconciliation/reconcile';
import { eventually, must } from '../../../testing/eventually';
import { newClientId, pay, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { chargeRequest } from '../../support/payments/charge-request';

const DEADLINE_MS = 60_000;

interface Report {
  readonly checked_at: string | null;
  readonly data: readonly (Discrepancy & { readonly first_seen_at: string })[];
}

let stack: E2eStack;
beforeAll(async () => {
  stack = await startE2eStack({ env: { RECONCILIATION_INTERVAL_MS: '2000', RECONCILIATION_GRACE: '0' } });
}, 60_000);
afterAll(() => stack?.stop());

/** What a comparison says that began after this was called. */
async function nextReport(): Promise<Report> {
  const [{ now } = { now: '' }] = await stack.query<{ now: string }>('SELECT now()::text AS now');
  return eventually(
    async () => {
      const { body } = await stack.operator.call<Report>('GET', '/admin/reconciliation');
      must(Date.parse(body.checked_at ?? '') > Date.parse(now), `the last comparison is of ${body.checked_at}`);
      return body;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 200 },
  );
}

it('finds no discrepancy while orders are paid, charged, refused and refunded', async () => {
  const { service } = stack;
  const automatically = { collection_method: 'charge_automatically', payment_method: 'pm_ok' };
  const [outside, charged, unshippable, declined] = await Promise.all([
    placeOrder(service),
    placeOrder(service, automatically),
    placeOrder(service, { ...automatically, product_sku: 'unshippable', amount: 2500 }),
    placeOrder(service, { ...automatically, payment_method: 'pm_declined' }),
  ]);
  await pay(service, outside, { payment_id: newClientId('pay') });
  await nextReport();
  await untilStatus(service, outside.order_id, 'FULFILLED', DEADLINE_MS);
  await untilStatus(service, charged.order_id, 'FULFILLED', DEADLINE_MS);
  await untilStatus(service, unshippable.order_id, 'REFUNDED', DEADLINE_MS);
  await untilStatus(service, declined.order_id, 'CANCELLED', DEADLINE_MS);
  expect((await nextReport()).data).toEqual([]);
}, 150_000);

it('reports an unknown charge by HTTP, in the log and as a metric, and repairs nothing', async () => {
  const stray = chargeRequest({ amount: 4_200 });
  await fetch(`${stack.provider.url}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(stray),
  });
  await nextReport();
  const { data } = await nextReport();
  expect(data).toMatchObject([{ kind: 'charge_unknown_here', expected: '4200 EUR', actual: null }]);
  expect(data[0]?.detail).toContain(stray.payment_id);
  expect((await nextReport()).data).toEqual(data);

  const lines = stack.log.filter((line) => line.includes('reconciliation.discrepancy_found'));
  expect(lines.filter((line) => line.includes(stray.payment_id))).toHaveLength(1);
  const metrics = await (await fetch(stack.processes.metrics.api)).text();
  expect(metrics).toContain('paysaga_reconciliation_differences{kind="charge_unknown_here"} 1');
  const { charges } = await stack.provider.books('test');
  expect(charges.find(({ payment_id }) => payment_id === stray.payment_id)).toMatchObject({ refunded_amount: 0 });
}, 150_000);

it('reports an unread provider, compares the rest, and continues when it is back', async () => {
  await stack.provider.behave('standby', 'unavailable');
  await eventually(
    async () => {
      const { data } = await nextReport();
      expect(data.map(({ kind }) => kind).sort()).toEqual(['charge_unknown_here', 'provider_not_read']);
    },
    { deadlineMs: DEADLINE_MS },
  );
  await stack.provider.behave('standby', 'normal');
  await eventually(
    async () => expect((await nextReport()).data.map(({ kind }) => kind)).toEqual(['charge_unknown_here']),
    { deadlineMs: DEADLINE_MS },
  );
  // Nobody has paid the stray charge back: the books still do not agree.
  await expect(stack.checker.holds(1_000)).rejects.toThrow('without a request of ours');
}, 200_000);
