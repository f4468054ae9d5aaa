import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { processEnvironment, type ProcessName } from '../../../dev/stack/process-environment';
import { newClientId, pay, placeOrder, untilStatus } from '../../../testing/shop';
import { type E2eStack, startE2eStack } from '../../support/e2e-stack';
import { type Pgbouncer, startPgbouncer } from '../../support/network/pgbouncer';
import { findPgbouncer, knowsPreparedStatements, type PgbouncerProgram } from '../../support/network/pgbouncer-install';

const DEADLINE_MS = 30_000;
/** Server connections of each process; the API alone has twelve of its own. */
const POOL_SIZE = 4;
const MUG = { product_sku: 'mug', amount: 1_500 };
const NAMES = ['api', 'worker', 'consumer'] as const satisfies readonly ProcessName[];

let program: PgbouncerProgram;
beforeAll(async () => (program = await findPgbouncer()), 180_000);

/** Since 1.21; before, `max_prepared_statements` is not known, which is the same as 0. */
const knowsPrepared = knowsPreparedStatements();

const cases = [
  { prepared: '0', pooler: 'that keeps no prepared statements', maxPrepared: 0 },
  { prepared: '1', pooler: 'that keeps prepared statements (needs PgBouncer 1.21)', maxPrepared: 200 },
];

describe.each(cases.slice(0, knowsPrepared ? 2 : 1))('Behind a PgBouncer $pooler', ({ prepared, maxPrepared }) => {
  const pooled = { DATABASE_POOLER: 'transaction', DATABASE_PREPARED_STATEMENTS: prepared };
  let stack: E2eStack | undefined;
  let pgbouncer: Pgbouncer | undefined;
  let said = '';
  beforeAll(async () => {
    stack = await startE2eStack({
      // No poll would find a row in time: only LISTEN and NOTIFY do.
      env: { OUTBOX_POLL_INTERVAL_MS: '60000' },
      async envOfUrls(databaseUrl, urls) {
        const env = { ...process.env, ...pooled, DATABASE_URL: databaseUrl, DATABASE_DIRECT_URL: databaseUrl };
        said = (await run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'setup', 'database'], { env })).output;
        pgbouncer = await startPgbouncer({
          ...program,
          urls: [databaseUrl, ...Object.values(urls)],
          poolSize: POOL_SIZE,
          ...(knowsPrepared && { settings: { max_prepared_statements: String(maxPrepared) } }),
        });
        const { through } = pgbouncer;
        return Object.fromEntries(
          NAMES.map((name) => [
            name,
            { ...pooled, DATABASE_URL: through(urls[name]), DATABASE_DIRECT_URL: urls[name] },
          ]),
        );
      },
    });
  }, 90_000);
  afterAll(async () => {
    await stack?.stop();
    await pgbouncer?.stop();
  });

  /** A test that has both. */
  const when = (work: (stack: E2eStack, pgbouncer: Pgbouncer) => Promise<void>) => async () => {
    if (!stack || !pgbouncer) throw new Error('The stack is not there.');
    await work(stack, pgbouncer);
  };

  it(
    '`paysaga setup database` gives the users of the processes their settings',
    when(async () => {
      expect(said).toMatch(/^Set what their sessions need, for .*local_\w+_api, local_\w+_consumer, local_\w+_worker/m);
    }),
  );

  it(
    'takes 150 orders at once',
    when(async ({ service, query }, { command }) => {
      const customer_id = newClientId('cus');
      // Some may be told to come again: the API sheds what it cannot serve in time.
      const orders = await Promise.all(
        Array.from({ length: 150 }, () => placeOrder(service, { customer_id, ...MUG }, DEADLINE_MS)),
      );
      const again = await Promise.all(orders.map(({ order_id }) => service.call('GET', `/orders/${order_id}`)));
      expect(again.every(({ status }) => status === 200)).toBe(true);
      const [row] = await query<{ orders: number }>(
        'SELECT count(*)::int AS orders FROM orders WHERE customer_id = $1',
        customer_id,
      );
      expect(row?.orders).toBe(150);
      type Pool = { user: string; pool_mode: string; sv_active: string; sv_idle: string; cl_active: string };
      const pool = (await command<Pool>('SHOW POOLS')).find(({ user }) => user.endsWith('_api'));
      expect(pool?.pool_mode).toBe('transaction');
      expect(Number(pool?.sv_active) + Number(pool?.sv_idle)).toBeLessThanOrEqual(POOL_SIZE);
    }),
    DEADLINE_MS,
  );

  it(
    'takes payments, charges and ships, woken by LISTEN and NOTIFY',
    when(async ({ service, checker, log }) => {
      const charged = { ...MUG, collection_method: 'charge_automatically', payment_method: 'pm_ok' };
      const orders = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          placeOrder(service, { ...(index % 2 ? MUG : charged), customer_id: newClientId('cus') }),
        ),
      );
      const outside = orders.filter((_, index) => index % 2);
      const paid = await Promise.all(outside.map((order) => pay(service, order)));
      expect(paid.map(({ status }) => status)).toEqual(outside.map(() => 200));
      for (const { order_id } of orders) await untilStatus(service, order_id, 'FULFILLED', DEADLINE_MS);
      await checker.holds(DEADLINE_MS);
      expect(log.filter((line) => /prepared statement|Internal Server Error/.test(line))).toEqual([]);
    }),
    3 * DEADLINE_MS,
  );

  it(
    'goes on when the pooler makes its server connections anew',
    when(async ({ service }, { command }) => {
      await command('RECONNECT');
      const order = await placeOrder(service, { product_sku: 'vps.s', amount: 9_900 });
      expect((await pay(service, order)).status).toBe(200);
      await untilStatus(service, order.order_id, 'FULFILLED', DEADLINE_MS);
    }),
    DEADLINE_MS,
  );

  it(
    'a process whose user lacks the settings says which, and ends',
    when(async ({ services, namespace }, { through }) => {
      const env = processEnvironment(services, { ...pooled, TEMPORAL_NAMESPACE: namespace });
      const { databaseUrl } = services;
      const { code, output } = await run(process.execPath, [fromRoot('dist', 'src', 'consumer.js')], {
        env: { ...env, DATABASE_URL: through(databaseUrl), DATABASE_DIRECT_URL: databaseUrl },
        timeoutMs: 20_000,
      });
      expect(code).toBe(1);
      expect(output).toMatch(/Behind the pooler, the settings of \w+ are not what paysaga needs: TimeZone is America/);
      expect(output).toContain('statement_timeout is 4min, not 5s');
      expect(output).toMatch(/ALTER ROLE .* IN DATABASE .* SET statement_timeout = '5s'/);
    }),
    DEADLINE_MS,
  );
});

if (!knowsPrepared) it.todo(`Behind a PgBouncer ${cases[1]?.pooler}`);
