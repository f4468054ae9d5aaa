import { Client } from 'pg';
import { waitUntil } from '../../../dev/os/ports';
import { createApplication } from '../../../src/application';
import { placeOrder } from '../../../src/orders/place-order';
import { connectDatabase, type Database } from '../../../src/platform/database/database';
import { applyMigrations } from '../../../src/platform/database/migrate';
import { openSideConnection } from '../../../src/platform/database/side-connection';
import { createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { newOrder } from '../../support/new-order';

/** What an administrator may have set for a database: the opposite of all that the service depends on. */
const FOREIGN = {
  TimeZone: 'America/New_York',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  standard_conforming_strings: 'off',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  xmloption: 'document',
  search_path: 'pg_temp',
  client_encoding: 'LATIN1',
};
const PINNED = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
  xmloption: 'content',
  search_path: 'public',
  client_encoding: 'UTF8',
};
const READ = `SELECT name, setting FROM pg_settings WHERE name = ANY ($1)`;

let test: TestDatabase;
let database: Database;
let api: TestApi;
beforeAll(async () => {
  test = await createTestDatabase();
  await test.query(`INSERT INTO product VALUES ('vps.s', 'VPS ä', 'service', 9900, 'EUR')`);
  for (const [name, value] of Object.entries(FOREIGN)) {
    await test.query(`ALTER DATABASE ${test.name} SET ${name} = '${value}'`);
  }
  database = connectDatabase({ url: test.url, applicationName: 'paysaga-test', logger: silentLogger });
  api = await createTestApi(database);
});
afterAll(async () => {
  await database?.$disconnect();
  await test?.close();
});

const place = (on: Database) => createApplication({ database: on, logger: silentLogger }).send(placeOrder(newOrder));
const settingsOf = (rows: readonly { name: string; setting: string }[]) =>
  Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));

describe('A database whose defaults are not ours', () => {
  it('has them, for a client that pins nothing', async () => {
    const client = new Client({ connectionString: test.url });
    await client.connect();
    const { rows } = await client.query<{ name: string; setting: string }>(READ, [Object.keys(PINNED)]);
    await client.end();
    // The driver itself always asks for UTF-8.
    expect(settingsOf(rows)).toEqual({ ...FOREIGN, client_encoding: 'UTF8' });
  });

  it('has ours on each connection of the pool, also in a transaction', async () => {
    const read = (on: Pick<Database, '$queryRawUnsafe'>) =>
      on.$queryRawUnsafe<{ name: string; setting: string }[]>(READ, Object.keys(PINNED));
    expect(settingsOf(await read(database))).toEqual(PINNED);
    expect(settingsOf(await database.$transaction((tx) => read(tx)))).toEqual(PINNED);
    const [isolation] = await database.$transaction((tx) =>
      tx.$queryRawUnsafe<{ now: string }[]>(`SELECT current_setting('transaction_isolation') AS now`),
    );
    expect(isolation?.now).toBe('read committed');
  });

  it('has ours on a connection beside the pool', async () => {
    const connection = openSideConnection({ url: test.url, applicationName: 'paysaga-test', logger: silentLogger });
    await waitUntil(async () => connection.current() !== undefined, { timeoutMs: 10_000 });
    const answer = await connection.current()?.query<{ name: string; setting: string }>(READ, [Object.keys(PINNED)]);
    expect(settingsOf(answer?.rows ?? [])).toEqual(PINNED);
    await connection.close();
  });

  it('gives the same times in every answer, as RFC 3339 in UTC', async () => {
    const { order_id } = await place(database);
    await test.query(`UPDATE orders SET placed_at = '2026-11-01T06:30:00.123Z' WHERE order_id = $1`, order_id);
    const one = await api.call('GET', `/orders/${order_id}`, { as: 'operator' });
    const all = await api.call('GET', '/orders', { as: 'operator' });
    expect(one.body).toMatchObject({ placed_at: '2026-11-01T06:30:00.123Z' });
    expect(all.body).toMatchObject({ data: [{ order_id, placed_at: '2026-11-01T06:30:00.123Z' }] });
    const [event] = await test.query<{ occurred_at: Date }>(
      'SELECT occurred_at FROM event WHERE aggregate_id = $1',
      order_id,
    );
    const events = await api.call('GET', `/orders/${order_id}/events`, { as: 'operator' });
    expect(events.body).toMatchObject({ data: [{ occurred_at: event?.occurred_at.toISOString() }] });
  });

  it('pages over sagas of the hour that its zone has twice', async () => {
    const { order_id } = await place(database);
    const times = ['2026-11-01T05:15:00Z', '2026-11-01T05:45:00Z', '2026-11-01T06:15:00Z', '2026-11-01T06:45:00Z'];
    for (const [index, time] of times.entries()) {
      await test.query(
        `INSERT INTO saga (saga_id, type, state, order_id, customer_id, input, correlation_id, created_at)
         VALUES ($1, 'payment', 'completed', $2, 'cus_1', '{}', 'cor_1', $3::timestamptz)`,
        `payment-${index}`,
        order_id,
        time,
      );
    }
    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null && seen.length < 10) {
      const next: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await api.call('GET', `/sagas?limit=1${next}`, { as: 'operator' });
      const page = body as { data: { saga_id: string }[]; next_cursor: string | null };
      seen.push(...page.data.map(({ saga_id }) => saga_id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(['payment-3', 'payment-2', 'payment-1', 'payment-0']);
  });
});

describe('?schema= in DATABASE_URL', () => {
  it('has all tables in that schema, and works there', async () => {
    const url = new URL(test.url);
    url.searchParams.set('schema', 'shop_2');
    const applied = await applyMigrations({ databaseUrl: url.href });
    expect(applied).toContain('20261121000000_initial');
    expect(await applyMigrations({ databaseUrl: url.href })).toEqual([]);

    await test.query(`INSERT INTO shop_2.product VALUES ('vps.s', 'VPS', 'service', 9900, 'EUR')`);
    const inSchema = connectDatabase({ url: url.href, applicationName: 'paysaga-test', logger: silentLogger });
    const { order_id } = await place(inSchema);
    expect(await inSchema.order.count()).toBe(1);
    await inSchema.$disconnect();
    expect(await test.query('SELECT order_id FROM shop_2.orders')).toEqual([{ order_id }]);
    expect(await test.query('SELECT FROM orders WHERE order_id = $1', order_id)).toEqual([]);
  });
});
