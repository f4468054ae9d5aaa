import { connectDatabase, type Database, inTransaction } from '../../../src/platform/database/database';
import { databaseFault, isDatabaseOutage, sqlState } from '../../../src/platform/database/database-error';
import { openSideConnection, type SideConnection } from '../../../src/platform/database/side-connection';
import { eventually, must } from '../../../testing/eventually';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';
import { createTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy';

const POOL_SIZE = 3;

let test: TestDatabase;
let proxy: TcpProxy;
let database: Database;
let side: SideConnection;

beforeAll(async () => {
  test = await createTestDatabase();
  const url = new URL(test.url);
  proxy = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  const options = { url: url.href, applicationName: 'test', logger: silentLogger };
  database = connectDatabase({ ...options, poolSize: POOL_SIZE });
  side = openSideConnection({ ...options, applicationName: 'test-side' });
});
afterAll(async () => {
  await Promise.all([database.$disconnect(), side.close()]);
  await proxy.close();
  await test.close();
});

const pid = async (): Promise<number> => {
  const [row] = await database.$queryRawUnsafe<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
  return Number(row?.pid);
};
/** Opens all connections of the pool. */
const fill = () =>
  Promise.all(Array.from({ length: POOL_SIZE }, () => database.$executeRawUnsafe('SELECT pg_sleep(0.2)')));

it('a connection that goes silent is given up, and all of its age with it, within 10 s', async () => {
  await fill();
  await eventually(() => must(side.current() !== undefined, 'it is not open'), { deadlineMs: 5_000 });
  const listened = side.current();
  const started = performance.now();

  const transaction = inTransaction(database, async (tx) => {
    await tx.$queryRawUnsafe('SELECT 1');
    proxy.strand();
    await tx.$queryRawUnsafe('SELECT 2');
  });
  await expect(transaction.catch(databaseFault)).resolves.toBe('outage');
  // One after the other: none of them meets another of the frozen connections.
  for (let i = 0; i < POOL_SIZE * 2; i += 1) await inTransaction(database, (tx) => tx.$queryRawUnsafe('SELECT 3'));
  await database.product.findMany();
  await eventually(() => must(![undefined, listened].includes(side.current()), 'it is still the old one'), {
    deadlineMs: 5_000,
  });
  expect(performance.now() - started).toBeLessThan(10_000);
});

it('a statement that is refused costs no connection', async () => {
  const before = await pid();
  await expect(database.$queryRawUnsafe('SELECT 1 / 0').catch(sqlState)).resolves.toBe('22012');
  await expect(inTransaction(database, (tx) => tx.$queryRawUnsafe('SELECT 1 / 0')).catch(sqlState)).resolves.toBe(
    '22012',
  );
  expect(await pid()).toBe(before);
});

describe.each([
  ['alone', (sql: string) => database.$executeRawUnsafe(sql)],
  ['in a transaction', (sql: string) => inTransaction(database, (tx) => tx.$executeRawUnsafe(sql))],
])('a statement %s', (_, execute) => {
  it('that meets a read-only session leaves no such session in the pool', async () => {
    const write = `INSERT INTO product VALUES ('${Math.random()}', 'x', 'service', 1, 'EUR')`;
    await setReadOnly('= on');
    await endConnections();
    await eventually(async () => expect(await execute(write).catch(sqlState)).toBe('25006'), { deadlineMs: 5_000 });
    await fill();
    await test.query(`ALTER DATABASE ${test.name} RESET default_transaction_read_only`);
    // At most one refusal: the connections that opened before the reset go together.
    await execute(write).catch(() => undefined);
    for (let i = 0; i < POOL_SIZE + 1; i += 1) await execute(write + ' ON CONFLICT DO NOTHING');
  });

  it('whose connection was shut down fails as an outage, and the next succeeds', async () => {
    await fill();
    await endConnections();
    await eventually(() => execute('SELECT 1'), { deadlineMs: 5_000 });
  });
});

it('a statement whose plan is out of date is asked once more', async () => {
  await test.query('CREATE TABLE changed (id int, amount int)');
  await test.query('INSERT INTO changed VALUES (1, 1)');
  const read = () => database.$queryRawUnsafe('SELECT *, pg_sleep(0.1)::text FROM changed');
  await Promise.all([read(), read(), read()]);
  await test.query('ALTER TABLE changed ALTER amount TYPE text');
  const answers = await Promise.all([read(), read(), read()]);
  expect(answers.map((rows) => (rows as { amount: unknown }[])[0]?.amount)).toEqual(['1', '1', '1']);
});

it('a statement without an answer is given up too, and closing does not wait for it', async () => {
  const url = new URL(test.url);
  url.port = String(proxy.port);
  const other = connectDatabase({ url: url.href, applicationName: 'other', poolSize: 1, logger: silentLogger });
  await other.$queryRawUnsafe('SELECT 1');
  proxy.strand();
  await expect(other.$queryRawUnsafe('SELECT 2').catch(isDatabaseOutage)).resolves.toBe(true);
  await expect(other.$queryRawUnsafe('SELECT 3')).resolves.toBeDefined();
  await other.$disconnect();
});

const setReadOnly = (value: string) =>
  test.query(`ALTER DATABASE ${test.name} SET default_transaction_read_only ${value}`);
const endConnections = () =>
  test.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = '${test.name}' AND application_name = 'test'`);
