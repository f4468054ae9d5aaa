import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { countDuplicates } from '../../../testing/checker/topic-rules';
import { eventually } from '../../../testing/eventually';
import { newClientId, orderRequest, payUntilSettled, placeOrder } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';

const CLIENTS = 20;
const DEADLINE_MS = 60_000;
/** The grace time, 10 s by default, and a moment. */
const GRACE_MS = 12_000;

describe.each(['api', 'worker', 'consumer'])('the process %s', (name) => {
  it('ends with 2 and every error of its configuration at once, before any connection', async () => {
    const env = { DATABASE_URL: 'mysql://x', PORT: '99999999', OUTBOX_BATCH_SIZE: '0', OUTBOX_SHARDS_PER_RELAY: '3' };
    const { code, output } = await run(process.execPath, [fromRoot('dist', 'src', `${name}.js`)], { env });
    expect(code).toBe(2);
    for (const variable of [...Object.keys(env), 'KAFKA_BROKERS', 'TEMPORAL_ADDRESS'])
      expect(output).toContain(variable);
    expect(output).not.toContain('    at ');
  });
});

describe('SIGTERM under load', () => {
  let stack: E2eStack;
  beforeAll(async () => (stack = await startE2eStack()), 60_000);
  afterAll(() => stack?.stop());

  it('the API answers every request that it took, and ends with 0 within its grace time', async () => {
    const customer_id = newClientId('cus');
    let answered = 0;
    let on = true;
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (on) {
        const json = orderRequest({ customer_id });
        const answer = await stack.service.call('POST', '/orders', { json }).catch(() => undefined);
        if (answer?.status === 201) answered += 1;
        else on = false;
      }
    });
    await eventually(() => expect(answered).toBeGreaterThan(CLIENTS), { deadlineMs: DEADLINE_MS });
    const began = performance.now();
    await stack.processes.kill('api', 'SIGTERM');
    expect(performance.now() - began).toBeLessThan(GRACE_MS);
    await Promise.all(clients);

    expect(stack.log.filter((line) => line.startsWith('api') && line.includes('ended: exit code 0'))).toHaveLength(1);
    const [kept] = await stack.query<{ orders: number }>(
      'SELECT count(*)::int AS orders FROM orders WHERE customer_id = $1',
      customer_id,
    );
    expect(kept?.orders).toBe(answered);
  });

  it('worker and consumer finish what is in hand, and end with 0: nothing is lost, nothing sent twice', async () => {
    const { service, processes, checker } = stack;
    const orders = await Promise.all(Array.from({ length: CLIENTS }, () => placeOrder(service, {}, DEADLINE_MS)));
    const paying = orders.map((order) =>
      payUntilSettled(service, order, { payment_id: newClientId('pay') }, DEADLINE_MS),
    );
    await Promise.race(paying);
    const began = performance.now();
    await Promise.all([processes.kill('worker', 'SIGTERM'), processes.kill('consumer', 'SIGTERM')]);
    expect(performance.now() - began).toBeLessThan(GRACE_MS);
    expect((await Promise.all(paying)).map(({ status }) => status)).toEqual(orders.map(() => 200));

    const ended = stack.log.filter((line) => /^(worker|consumer) .*ended: exit code 0/.test(line));
    expect(ended).toHaveLength(2);
    const { messages } = await checker.holds(DEADLINE_MS);
    expect(countDuplicates(messages)).toBe(0);
  }, 120_000);
});
