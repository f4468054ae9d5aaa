import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Child, run, startChild } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createDatabase, dropDatabase } from '../../../dev/services/postgres';
import { topic } from '../../../examples/outbox/ticket-events';
import { eventually } from '../../../testing/eventually';
import { dataFolder, givenServices } from '../../support/e2e-stack';
import { type InstalledLibrary, installLibrary } from '../../support/installed-library';
import { connectTestKafka, readTopic, uniqueName } from '../../support/kafka/kafka';
import { firstOccurrences, versionsByKey } from '../../support/outbox/outbox';

const within = { deadlineMs: 40_000 };

let library: InstalledLibrary;
let databaseUrl: string;
let client: Client;
const running = new Map<string, Child>();

beforeAll(async () => {
  library = await installLibrary(await mkdtemp(join(dataFolder(), 'helpdesk-')), 'outbox');
  databaseUrl = await createDatabase(givenServices().databaseUrl, uniqueName('helpdesk').replace('-', '_'));
  client = new Client({ connectionString: databaseUrl });
  await client.connect();
}, 120_000);
afterAll(async () => {
  await Promise.all([...running.values()].map((child) => child.stop()));
  await client?.end();
  if (databaseUrl) await dropDatabase(databaseUrl);
  if (library) await rm(library.folder, { recursive: true });
});

const env = () => ({ ...process.env, DATABASE_URL: databaseUrl, KAFKA_BROKERS: givenServices().kafkaBrokers });

async function runToEnd(program: string, ...args: string[]): Promise<void> {
  const script = join(library.folder, `${program}.js`);
  const { code, output } = await run(process.execPath, [script, ...args], { env: env() });
  if (code !== 0) throw new Error(`${program}: ${output}`);
}

function start(program: string): void {
  running.set(
    program,
    startChild({
      command: process.execPath,
      args: [join(library.folder, `${program}.js`)],
      env: env(),
      output: join(library.folder, `${program}.log`),
      pidFile: join(library.folder, `${program}.pid`),
    }),
  );
}

async function killAndRestart(program: string): Promise<void> {
  const child = running.get(program);
  child?.kill('SIGKILL');
  await child?.ended;
  start(program);
}

const rows = async <Row>(sql: string): Promise<Row[]> => (await client.query(sql)).rows as Row[];

const openBy = (table: string, value: string) =>
  rows<{ customer_id: string; open: number }>(
    `SELECT customer_id, ${value}::int AS open FROM ${table} GROUP BY customer_id ORDER BY customer_id`,
  );

test('the package has every file that its exports name', async () => {
  const { exports } = JSON.parse(await readFile(fromRoot('package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>;
  };
  const named = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? target : Object.values(target),
  );
  expect(library.files).toEqual(expect.arrayContaining(named.map((file) => file.replace('./', ''))));
});

test('it brings neither Temporal, nor HTTP, nor a database client of ours', async () => {
  const script = `require('paysaga/outbox'); console.log(Object.keys(require.cache).join('\\n'))`;
  const { code, output } = await run(process.execPath, ['-e', script], { cwd: library.folder });
  expect(code).toBe(0);
  expect(output).toMatch(/kafkajs/);
  expect(output).not.toMatch(/@temporalio|\/hono\/|@prisma|platform\/prisma/);
});

test('a service of its own loses and doubles nothing, while its relay and its consumer are killed', async () => {
  await runToEnd('setup');
  start('relay');
  start('open-count');
  const reader = await readTopic(connectTestKafka(), topic);

  await runToEnd('work', '60');
  await killAndRestart('relay');
  const working = runToEnd('work', '60');
  await killAndRestart('open-count');
  await killAndRestart('relay');
  await working;

  await eventually(async () => {
    expect(await rows('SELECT id FROM outbox')).toEqual([]);
    expect(await openBy('open_count', 'sum(open)')).toEqual(await openBy('ticket', 'sum((NOT closed)::int)'));
    expect(await rows('SELECT count(*)::int FROM idempotency_key')).toEqual(
      await rows('SELECT count(*)::int FROM event'),
    );
  }, within);

  const told = reader.messages.filter(({ headers }) => headers.ce_source === '/helpdesk');
  const tickets = await rows<{ ticket_id: string; version: number }>('SELECT ticket_id, version FROM ticket');
  const versions = versionsByKey(told);
  for (const { ticket_id, version } of tickets) {
    const expected = Array.from({ length: version }, (_, index) => index + 1);
    expect(firstOccurrences(versions[ticket_id] ?? [])).toEqual(expected);
  }
  expect(new Set(told.map(({ headers }) => headers.ce_type))).toEqual(
    new Set(['org.example.ticket.opened', 'org.example.ticket.closed']),
  );
  await reader.close();
});

test('a relay that is told to stop ends, and says what it did', async () => {
  const relay = running.get('relay');
  await relay?.stop();
  running.delete('relay');
  expect(await relay?.ended).toMatch(/exit code 0/);
  expect(await readFile(join(library.folder, 'relay.log'), 'utf8')).toMatch(/\{"published":\d+,"fenced_off":false\}/);
});
