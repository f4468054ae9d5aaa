import { eventually } from '../../../testing/eventually';
import { armFault, disarmFaults } from '../../../testing/faults';
import { newClientId, pay, payUntilSettled, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { namingFaults, scrape } from '../../support/prometheus';

const within = { deadlineMs: 30_000 };

let stack: E2eStack;
afterEach(async () => {
  if (stack) await disarmFaults(stack.operator);
  await stack?.stop();
});

test('each process tells Prometheus what it did with a paid order', async () => {
  stack = await startE2eStack();
  const order = await placeOrder(stack.service);
  await payUntilSettled(stack.service, order, { payment_id: newClientId('pay') }, 30_000);
  await untilStatus(stack.service, order.order_id, 'FULFILLED');

  const { metrics } = stack.processes;
  const api = await eventually(async () => {
    const told = await scrape(metrics.api);
    expect(told.sum('paysaga_outbox_pending')).toBe(0);
    return told;
  }, within);
  expect(api.sum('paysaga_outbox_parked')).toBe(0);
  expect(api.sum('paysaga_outbox_oldest_age_seconds')).toBe(0);
  for (const saga_type of ['payment', 'order', 'shipment'])
    for (const name of ['paysaga_sagas_stuck', 'paysaga_sagas_lost']) expect(api.sum(name, { saga_type })).toBe(0);
  const placed = { method: 'POST', route: '/orders', status: '201' };
  expect(api.sum('paysaga_http_request_duration_seconds_count', placed)).toBe(1);

  const worker = await scrape(metrics.worker);
  expect(worker.sum('paysaga_outbox_published_total', { topic: 'paysaga.order' })).toBe(3);
  expect(worker.sum('temporal_workflow_completed_total')).toBeGreaterThanOrEqual(1);

  const consumer = await scrape(metrics.consumer);
  const applied = { group: 'provisioning', topic: 'invoice_paid.provision_service' };
  expect(consumer.sum('paysaga_consumer_applied_total', applied)).toBe(1);

  for (const told of [api, worker, consumer]) expect(namingFaults(told)).toEqual([]);
  for (const { origin } of [metrics.worker, metrics.consumer].map((url) => new URL(url))) {
    const live = await fetch(`${origin}/health/live`);
    expect([live.status, await live.json()]).toEqual([200, { status: 'healthy' }]);
    expect((await fetch(`${origin}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${origin}/metrics`, { method: 'POST' })).status).toBe(405);
  }
});

test('a stuck saga is one that Prometheus sees, until it is resolved', async () => {
  stack = await startE2eStack();
  const order = await placeOrder(stack.service);
  await armFault(stack.operator, 'ledger.credit_balance', 'refuse');
  await armFault(stack.operator, 'billing.reopen_invoice', 'error', 100);
  const payment_id = newClientId('pay');
  await pay(stack.service, order, { payment_id, wait: 1 });
  const untilStuck = (count: number) =>
    eventually(async () => {
      const told = await scrape(stack.processes.metrics.api);
      expect(told.sum('paysaga_sagas_stuck', { saga_type: 'payment' })).toBe(count);
      expect(told.sum('paysaga_sagas_stuck')).toBe(count);
    }, within);
  await untilStuck(1);
  await eventually(async () => {
    const told = await scrape(stack.processes.metrics.worker);
    expect(told.sum('paysaga_saga_stuck_total', { saga_type: 'paymentSaga', step: 'close_invoice' })).toBe(1);
  }, within);

  await disarmFaults(stack.operator);
  const json = { reason: 'repaired' };
  await stack.operator.call('POST', `/sagas/payment-${payment_id}/steps/close_invoice/retry`, { json });
  await untilStuck(0);
});

test('structured mode and gzip change nothing for the service’s own consumers; the outbox’s checks can be off', async () => {
  const env = {
    KAFKA_CLOUDEVENTS_MODE: 'structured',
    KAFKA_COMPRESSION: 'gzip',
    OUTBOX_ENABLE_METRICS: '0',
    OUTBOX_ENABLE_HEALTH_CHECK: '0',
  };
  stack = await startE2eStack({ env });
  const order = await placeOrder(stack.service);
  await payUntilSettled(stack.service, order, { payment_id: newClientId('pay') }, 30_000);
  await untilStatus(stack.service, order.order_id, 'FULFILLED');

  const { metrics } = stack.processes;
  const [api, worker] = [await scrape(metrics.api), await scrape(metrics.worker)];
  expect([api.types.paysaga_outbox_pending, worker.types.paysaga_outbox_published_total]).toEqual([
    undefined,
    undefined,
  ]);
  const { body } = await stack.service.call<{ checks: Record<string, unknown> }>('GET', '/health');
  expect(body.checks.outbox_lag).toMatchObject({ detail: 'not checked (OUTBOX_ENABLE_HEALTH_CHECK)' });
});
