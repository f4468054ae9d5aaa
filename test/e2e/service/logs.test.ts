import { spawnSync } from 'node:child_process';
import { fromRoot } from '../../../dev/os/files';
import { eventually } from '../../../testing/eventually';
import { CHARGED_GOODS, newClientId, pay, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

interface Line {
  readonly process: string;
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

let stack: E2eStack;
beforeAll(async () => (stack = await startE2eStack({ untilReady: true })), 120_000);
afterAll(() => stack?.stop());

/** What the three processes have logged. A line that is not JSON is a line at `text`. */
function lines(): Line[] {
  return stack.log.flatMap((text) => {
    const [process = '', line = ''] = text.split(/ +│ /);
    if (process === 'provider') return [];
    return [line.startsWith('{') ? { process, ...JSON.parse(line) } : { process, level: 'text', msg: line }] as Line[];
  });
}

const about = (field: string, value: unknown): Line[] => lines().filter((line) => line[field] === value);
const requestIdOf = ({ headers }: { readonly headers: Headers }): string => headers.get('x-request-id') ?? '';
const within = { deadlineMs: 30_000 };

it('an order that is placed and paid is one line for each request, and two for its saga', async () => {
  const order = await placeOrder(stack.service);
  const payment_id = newClientId('pay');
  const paid = await pay(stack.service, order, { payment_id });
  expect(paid.status).toBe(200);
  const saga_id = `payment-${payment_id}`;
  await eventually(() => expect(about('saga_id', saga_id)).toHaveLength(2), within);

  const request_id = requestIdOf(paid);
  const ids = { level: 'info', saga_id, order_id: order.order_id, correlation_id: request_id, saga_type: 'payment' };
  expect(about('saga_id', saga_id)).toMatchObject([
    { ...ids, process: 'worker', msg: 'saga.started' },
    { ...ids, process: 'worker', msg: 'saga.completed' },
  ]);
  expect(about('request_id', request_id)).toMatchObject([
    {
      process: 'api',
      level: 'info',
      msg: 'http.request_completed',
      method: 'POST',
      route: '/invoices/close-after-payment',
      status: 200,
      ms: expect.any(Number),
    },
  ]);
  const placing = about('route', '/orders').filter(({ method }) => method === 'POST');
  expect(placing).toMatchObject([{ level: 'info', msg: 'http.request_completed', status: 201 }]);
}, 60_000);

it('a declined card is a saga that is compensated, at info and without a stack', async () => {
  const order = await placeOrder(stack.service, { ...CHARGED_GOODS, payment_method: 'pm_declined' });
  await untilStatus(stack.service, order.order_id, 'CANCELLED', 30_000);
  const { order_id } = order;
  const saga_id = `order-${order_id}`;
  await eventually(() => expect(about('saga_id', saga_id)).toHaveLength(2), within);

  const [placing] = about('route', '/orders')
    .filter(({ method }) => method === 'POST')
    .slice(-1);
  const ids = { level: 'info', saga_id, order_id, correlation_id: placing?.['request_id'], saga_type: 'order' };
  expect(about('saga_id', saga_id)).toMatchObject([
    { ...ids, msg: 'saga.started' },
    { ...ids, msg: 'saga.compensated', failed_step: 'charge', code: 'payment_declined' },
  ]);
}, 60_000);

it('a request that no route takes is logged by no path of the client', async () => {
  const request_id = requestIdOf(await stack.nobody.call('GET', '/cards/4242424242424242'));
  expect(about('request_id', request_id)).toMatchObject([{ level: 'info', route: 'unmatched', status: 404 }]);
  expect(stack.log.join('\n')).not.toContain('4242424242424242');
});

it('probes, and batches of which nothing failed, are no lines at info', async () => {
  for (const path of ['/health/live', '/health/ready', '/health', '/metrics'])
    await fetch(stack.processes.api.url + path);
  const messages = new Set(lines().map(({ msg }) => msg));
  expect(messages).not.toContain('outbox.batch_complete');
  expect(about('route', '/health/ready')).toEqual([]);
  expect(about('route', '/metrics')).toEqual([]);
});

it('the CLI writes data alone to stdout, whatever the log level', () => {
  const { services, namespace } = stack;
  const env = {
    ...process.env,
    DATABASE_URL: services.databaseUrl,
    KAFKA_BROKERS: services.kafkaBrokers,
    TEMPORAL_ADDRESS: services.temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    LOG_LEVEL: 'trace',
  };
  const paysaga = (...args: string[]) =>
    spawnSync(process.execPath, [fromRoot('dist', 'src', 'cli.js'), ...args], { env, encoding: 'utf8' });
  const listed = paysaga('sagas', 'ls', '--json');
  expect([listed.status, listed.stderr]).toEqual([0, '']);
  expect(JSON.parse(listed.stdout)).toMatchObject({ data: [{ state: 'compensated' }, { state: 'completed' }] });
  const unknown = paysaga('sagas', 'show', 'payment-unknown');
  expect([unknown.status, unknown.stdout]).toEqual([1, '']);
  expect(unknown.stderr).toContain('payment-unknown');
});

it('a healthy start and all of this bring no warning, no error, and no line that is not JSON', () => {
  expect(lines().filter(({ level }) => level !== 'info')).toEqual([]);
  expect(lines().filter((line) => 'err' in line)).toEqual([]);
});
