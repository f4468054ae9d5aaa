import { Hono } from 'hono';
import { Counter } from 'prom-client';
import { createHealthRoutes, createMetricsRoute } from '../../../src/health';
import { judgeOutboxLag } from '../../../src/health-checks';
import { measureRequests } from '../../../src/http/middleware';
import type { HttpEnv } from '../../../src/http/problem';
import { createConsumerMetrics } from '../../../src/kafka/consumer-metrics';
import { composeBatch } from '../../../src/outbox/batch';
import { createRelayMetrics } from '../../../src/outbox/relay-metrics';
import { createMetrics } from '../../../src/platform/metrics';
import { silentLogger } from '../../support/logger';
import { pendingRow, thingRegistry } from '../../support/outbox/outbox';
import { namingFaults, parseExposition } from '../../support/prometheus';

const registry = thingRegistry('things');

test('every instrument of ours has a help and a name by Prometheus’s rules', async () => {
  const metrics = createMetrics();
  createRelayMetrics(metrics, registry);
  createConsumerMetrics(metrics);
  measureRequests(metrics);
  const scraped = parseExposition(await metrics.render());
  expect(Object.keys(scraped.types).filter((name) => name.startsWith('paysaga_')).length).toBeGreaterThan(10);
  expect(namingFaults(scraped)).toEqual([]);
  expect(scraped.sum('process_resident_memory_bytes')).toBeGreaterThan(0);
});

test('requests are counted by the pattern of their route, never by the client’s path', async () => {
  const metrics = createMetrics();
  const orders = new Hono<HttpEnv>().get('/orders/:id', (c) => c.text('ok')).post('/orders', (c) => c.text('no', 422));
  const app = new Hono<HttpEnv>().use(measureRequests(metrics));
  app.use(async (c, next) => {
    c.set('logger', silentLogger);
    await next();
  });
  app.route('/', orders);
  app.get('/broken', () => {
    throw new Error('broken');
  });
  app.onError((_error, c) => c.text('broken', 500));
  for (const path of ['/orders/1', '/orders/2', '/nowhere/1', '/nowhere/2', '/broken']) await app.request(path);
  await app.request('/orders', { method: 'POST' });

  const { samples } = parseExposition(await metrics.render());
  const counts = samples.filter(({ name }) => name === 'paysaga_http_request_duration_seconds_count');
  expect(counts.map(({ labels, value }) => [labels.method, labels.route, labels.status, value])).toEqual([
    ['GET', '/orders/:id', '200', 2],
    ['GET', 'unmatched', '404', 2],
    ['GET', '/broken', '500', 1],
    ['POST', '/orders', '422', 1],
  ]);
});

test('/metrics answers with the text of the registry and of whatever was included', async () => {
  const metrics = createMetrics();
  new Counter({ name: 'paysaga_things_total', help: 'Things', registers: [metrics.registry] }).inc(3);
  metrics.include(async () => '# TYPE other_total counter\nother_total 4\n');
  metrics.include(async () => {
    throw new Error('away');
  });
  const response = await createMetricsRoute(metrics).request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const scraped = parseExposition(await response.text());
  expect([scraped.sum('paysaga_things_total'), scraped.sum('other_total')]).toEqual([3, 4]);
});

test('a batch is counted by shard and topic: published, refused by content, and not sent because of the broker', async () => {
  const metrics = createMetrics();
  const relay = createRelayMetrics(metrics, registry);
  const rows = [1, 2, 3, 4].map((id) => pendingRow({ id: String(id), shard: 3, aggregate_id: `thing_${id}` }));
  const unknown = pendingRow({ id: '5', shard: 3, aggregate_id: 'thing_5', type: 'thing.unknown' });
  const batch = composeBatch([...rows, unknown], registry);
  const [first, second] = [rows.slice(0, 1), rows.slice(1, 2)];

  relay.sent(batch, { published: batch.rows, failed: batch.failed }, 5);
  relay.sent(
    batch,
    {
      published: first,
      failed: [...batch.failed, ...second.map((row) => ({ row, error: new Error() }))],
      brokerError: new Error(),
    },
    5,
  );
  relay.parked(unknown);

  const scraped = parseExposition(await metrics.render());
  expect(scraped.sum('paysaga_outbox_published_total', { shard: '3', topic: 'things' })).toBe(5);
  expect(scraped.sum('paysaga_outbox_failed_total', { shard: '3', topic: 'things', reason: 'row' })).toBe(1);
  expect(scraped.sum('paysaga_outbox_failed_total', { shard: '3', topic: 'none', reason: 'row' })).toBe(2);
  expect(scraped.sum('paysaga_outbox_failed_total', { shard: '3', reason: 'broker' })).toBe(2);
  expect(scraped.sum('paysaga_outbox_parked_total', { topic: 'none' })).toBe(1);
  expect(scraped.sum('paysaga_outbox_batch_rows_sum', { shard: '3' })).toBe(8);
  expect(scraped.sum('paysaga_outbox_send_duration_seconds_count')).toBe(2);
});

const thresholds = { degradedSeconds: 60, unhealthySeconds: 900 };
test.each([
  ['nothing waits', { oldestSeconds: 0, parked: 0 }, 'healthy'],
  ['the oldest event waits for the lower threshold', { oldestSeconds: 60, parked: 0 }, 'healthy'],
  ['it waits for longer', { oldestSeconds: 61, parked: 0 }, 'degraded'],
  ['it waits for longer than the upper one', { oldestSeconds: 901, parked: 0 }, 'unhealthy'],
  ['a row is a dead letter', { oldestSeconds: 0, parked: 1 }, 'degraded'],
])('the lag when %s: %j is %s', (_when, lag, status) => {
  expect(judgeOutboxLag(lag, thresholds)).toEqual({
    status,
    detail: `oldest unpublished event ${lag.oldestSeconds} s, dead letters: ${lag.parked}`,
  });
});

test('an unhealthy lag raises the alarm on /health, and leaves the API in rotation', async () => {
  const well = { essential: false, ask: async () => undefined };
  const late = { status: 'unhealthy', detail: 'oldest unpublished event 901 s, dead letters: 0' } as const;
  const outbox_lag = { essential: false, elsewhere: true, ask: async () => late };
  const routes = createHealthRoutes({
    database: well,
    broker: well,
    temporal: well,
    outbox_lag,
    dead_letters: well,
    consumers: well,
    sagas: well,
    payment_provider: well,
    carrier: well,
  });
  const [health, ready] = [await routes.request('/health'), await routes.request('/health/ready')];
  expect([health.status, ready.status]).toEqual([503, 200]);
  expect(await health.json()).toMatchObject({ status: 'unhealthy', checks: { outbox_lag: late } });
  expect(await ready.json()).toMatchObject({ status: 'degraded', checks: { outbox_lag: late } });
});
