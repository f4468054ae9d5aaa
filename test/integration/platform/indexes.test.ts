import { Client } from 'pg';
import { connectDatabase, type Database } from '../../../src/platform/database/database';
import { type ApiAnswer, createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

/** Lists of a table with 100,000 rows: each statement of a request reads a page by an index, and not the table. */
const ROWS = 100_000;
/** Rows of a page, its look ahead and what belongs to them, with much room. */
const READ_AT_MOST = 1_000;

const FILL = `
SET LOCAL session_replication_role = replica;
INSERT INTO product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR');
INSERT INTO orders (order_id, customer_id, product_sku, quantity, amount, currency, status, collection_method, invoice_id,
                    version, placed_at)
  SELECT 'ord_' || lpad(n::text, 8, '0'), 'cus_' || n % 5000, 'vps.s', 1, 9900, 'EUR',
         CASE WHEN n % 20000 = 0 THEN 'REFUND_DUE' ELSE 'FULFILLED' END, 'send_invoice', 'inv_' || n, 3,
         timestamptz '2026-01-01' + n * interval '1 second'
  FROM generate_series(1, ${ROWS}) AS n;
INSERT INTO saga (saga_id, type, state, order_id, customer_id, input, correlation_id, created_at, started_at, ended_at)
  SELECT 'pay_' || n, 'payment', CASE WHEN n % 20000 = 0 THEN 'stuck' WHEN n % 9000 = 0 THEN 'running' ELSE 'completed' END,
         'ord_' || lpad(n::text, 8, '0'), 'cus_' || n % 5000, '{}', 'c', timestamptz '2026-01-01' + n * interval '1 second',
         timestamptz '2026-01-01', CASE WHEN n % 20000 > 0 AND n % 9000 > 0 THEN timestamptz '2026-01-01' END
  FROM generate_series(1, ${ROWS}) AS n;
INSERT INTO saga_step SELECT saga_id, 'settle', 'done', 1, created_at, created_at FROM saga;
INSERT INTO ledger_transaction
  SELECT 'ltx_' || n, 'payment_credit', 'pay_' || n, NULL, timestamptz '2026-01-01' FROM generate_series(1, ${ROWS}) AS n;
INSERT INTO ledger_entry
  SELECT 'ltx_' || n, account, amount, 'EUR' FROM generate_series(1, ${ROWS}) AS n,
  LATERAL (VALUES ('customer:cus_' || n % 5000, 9900), ('provider_clearing', -9900)) AS entry (account, amount);
INSERT INTO event SELECT 'evt_' || n, 'order', 'ord_' || lpad(n::text, 8, '0'), 1, 'order.placed', 1, '{}',
                         now() - (${ROWS} - n) * interval '1 second', 'c' FROM generate_series(1, ${ROWS}) AS n;
INSERT INTO idempotency_key SELECT 'provisioning', 'evt_' || n, NULL, NULL, 'a/0/1', now() + interval '90 days'
  FROM generate_series(1, ${ROWS}) AS n;
INSERT INTO outbox (event_id, shard, aggregate_id, attempts, parked_at)
  SELECT 'evt_' || n, n % 16, 'ord_' || lpad(n::text, 8, '0'), CASE WHEN n % 20000 = 0 THEN 4 ELSE 0 END,
         CASE WHEN n % 20000 = 0 THEN timestamptz '2026-01-01' END
  FROM generate_series(1, ${ROWS}) AS n`;

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly Node[];
}

let test: TestDatabase;
let database: Database;
let api: TestApi;
/** Whatever the product asks. */
let asked: { text: string; values: unknown[] }[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
  await test.query(FILL);
  await test.query('VACUUM ANALYZE');
  const query = Client.prototype.query as (...args: unknown[]) => unknown;
  jest.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...args: unknown[]) {
    const [config, values] = args as [{ text: string; values?: unknown[] }, unknown[] | undefined];
    if (typeof config === 'object') asked.push({ text: config.text, values: values ?? config.values ?? [] });
    return query.apply(this, args);
  } as never);
  database = connectDatabase({ url: test.url, applicationName: 'paysaga-test', logger: silentLogger });
  api = await createTestApi(database);
}, 120_000);
afterAll(async () => {
  jest.restoreAllMocks();
  await database?.$disconnect();
  await test?.close();
});

const flatten = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flatten)];

async function explain({ text, values }: { text: string; values: unknown[] }): Promise<Node[]> {
  const [row] = await test.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
    ...values,
  );
  return row ? flatten(row['QUERY PLAN'][0].Plan) : [];
}

/** @returns the statements that read much, or a table from end to end */
const slowStatementsOf = (path: string): Promise<object[]> =>
  slowStatements(() => api.call('GET', path, { as: 'operator' }));

async function slowStatements(call: () => Promise<ApiAnswer>, readAtMost = READ_AT_MOST): Promise<object[]> {
  await call();
  asked = [];
  const answer = await call();
  expect(answer).toMatchObject({ status: 200 });
  // The key of the request is looked up now and then: a table of a few rows, which is no list.
  const statements = asked.filter(
    ({ text }) => /^(\/\*.*\*\/ )?(SELECT|WITH)/.test(text) && !text.includes('"api_key"'),
  );
  expect(statements.length).toBeGreaterThan(0);
  const slow = [];
  for (const statement of statements) {
    for (const node of await explain(statement)) {
      const { 'Actual Rows': rows, 'Actual Loops': loops } = node;
      const { 'Rows Removed by Filter': filtered = 0, 'Rows Removed by Index Recheck': rechecked = 0 } = node;
      if (node['Node Type'] === 'Seq Scan' || (rows + filtered + rechecked) * loops > readAtMost)
        slow.push({ ...statement, node });
    }
  }
  return slow;
}

it.each([
  '/sagas',
  '/sagas?state=stuck',
  '/sagas?state=running',
  '/sagas?state=completed',
  '/sagas?state=compensated',
  '/sagas?state=stuck&type=payment',
  '/orders',
  '/orders?status=REFUND_DUE',
  '/orders?status=FULFILLED',
  '/orders?status=CANCELLED',
  '/orders?customer_id=cus_17',
  '/orders?customer_id=cus_17&status=FULFILLED',
  '/customers/cus_17/balance',
  '/admin/outbox?state=parked',
  '/admin/outbox?state=pending',
])('%s reads no more than its page', async (path) => {
  expect(await slowStatementsOf(path)).toEqual([]);
});

it.each(['/sagas', '/sagas?state=completed', '/orders', '/orders?status=FULFILLED'])(
  'a later page of %s reads no more than its page',
  async (path) => {
    const separator = path.includes('?') ? '&' : '?';
    let cursor = '';
    for (let page = 0; page < 25; page += 1) {
      const { body } = await api.call('GET', `${path}${separator}limit=100${cursor}`, { as: 'operator' });
      cursor = `&cursor=${String(body?.['next_cursor'])}`;
    }
    expect(await slowStatementsOf(`${path}${separator}limit=100${cursor}`)).toEqual([]);
  },
);

/** Its index has one entry for 32 pages of the log, which are read whole. */
const READ_OF_LOG_AT_MOST = 10_000;

it.each([{}, { types: ['order.placed'] }])(
  'the dry run of a replay by time, with %j, reads no more than its time',
  async (more) => {
    const json = { ...more, from: new Date(Date.now() - 100_000).toISOString(), reason: 'a lost topic', dry_run: true };
    const dryRun = () => api.call('POST', '/admin/outbox/replay', { as: 'operator', json });
    expect(await slowStatements(dryRun, READ_OF_LOG_AT_MOST)).toEqual([]);
  },
);
