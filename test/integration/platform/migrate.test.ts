import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyMigrations, migrationNames, MIGRATIONS } from '../../../src/platform/database/migrate';
import { eventually, must } from '../../../testing/eventually';
import { openConnection } from '../../support/connection';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { createTcpProxy, type TcpProxy } from '../../support/network/tcp-proxy';
import { filters, migrationList, withSchemaEngine } from '../../support/schema-engine';

let test: TestDatabase;
let directory: string;
let schemas = 0;
beforeAll(async () => {
  test = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'paysaga-migrations-'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await test.close();
});

interface Place {
  readonly schema: string;
  readonly databaseUrl: string;
}

/** An empty schema: what a database is to its migrations. */
async function emptySchema(): Promise<Place> {
  const schema = `migrated_${(schemas += 1)}`;
  await test.query(`CREATE SCHEMA ${schema}`);
  const url = new URL(test.url);
  url.searchParams.set('schema', schema);
  return { schema, databaseUrl: url.href };
}

/** A folder of migrations, by name. */
function folder(migrations: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(directory, 'some-'));
  for (const [name, sql] of Object.entries(migrations)) {
    mkdirSync(join(path, name));
    writeFileSync(join(path, name, 'migration.sql'), sql);
  }
  return path;
}

const byUs = ({ databaseUrl }: Place, migrationsDir = MIGRATIONS) => applyMigrations({ databaseUrl, migrationsDir });

/** `prisma migrate deploy`. */
const byPrisma = ({ databaseUrl }: Place, migrationsDir = MIGRATIONS) =>
  withSchemaEngine(databaseUrl, async (engine) => {
    const input = { migrationsList: migrationList(migrationsDir), filters };
    return (await engine.applyMigrations(input)).appliedMigrationNames;
  });

/** `prisma migrate status`. */
const statusOfPrisma = ({ databaseUrl }: Place, migrationsDir = MIGRATIONS) =>
  withSchemaEngine(databaseUrl, (engine) =>
    engine.diagnoseMigrationHistory({
      migrationsList: migrationList(migrationsDir),
      optInToShadowDatabase: false,
      filters,
    }),
  );
const UP_TO_DATE = { history: null, editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true };

/** All of a row but what is another each time. */
const rowsOf = ({ schema }: Place) =>
  test.query<{ migration_name: string; finished: boolean; logs: string | null }>(
    `SELECT migration_name, checksum, coalesce(finished_at >= started_at, false) AS finished, rolled_back_at, logs, applied_steps_count,
       id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AS has_uuid, now() - started_at < '1 minute' AS is_now
     FROM ${schema}._prisma_migrations ORDER BY _prisma_migrations.started_at`,
  );

const tablesOf = async ({ schema }: Place): Promise<string[]> =>
  (
    await test.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::regnamespace ORDER BY 1`,
      schema,
    )
  ).map(({ name }) => name);

const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it succeeded',
    (error: unknown) => String(error instanceof Error ? error.message : JSON.stringify(error)),
  );

/** A way to the place that can be broken. */
async function proxied({ databaseUrl }: Place): Promise<{ databaseUrl: string; proxy: TcpProxy }> {
  const url = new URL(databaseUrl);
  const proxy = await createTcpProxy({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  return { databaseUrl: url.href, proxy };
}

/** Waits until a connection runs these statements. */
const untilAsleep = (sql: string): Promise<void> =>
  eventually(
    async () => {
      const running = `SELECT FROM pg_stat_activity WHERE datname = $1 AND query = $2 AND wait_event = 'PgSleep'`;
      must((await test.query(running, test.name, sql)).length > 0, 'not asleep');
    },
    { deadlineMs: 20_000 },
  );

describe('beside Prisma’s engine', () => {
  let ours: Place;
  let theirs: Place;
  beforeAll(async () => {
    ours = await emptySchema();
    theirs = await emptySchema();
  });

  it('applies the same migrations, and writes the same rows', async () => {
    const names = await migrationNames(MIGRATIONS);
    expect(names.length).toBeGreaterThan(20);
    expect(await byUs(ours)).toEqual(names);
    expect(await byPrisma(theirs)).toEqual(names);
    const rows = await rowsOf(ours);
    expect(rows).toEqual(await rowsOf(theirs));
    expect(rows.map(({ migration_name, finished }) => finished && migration_name)).toEqual(names);
  });

  it('makes the same table for them', async () => {
    const describe = ({ schema }: Place) =>
      test.query(
        `SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid),
           (SELECT array_agg(conname || ' ' || pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint WHERE conrelid = attrelid)
         FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
         WHERE attrelid = '${schema}._prisma_migrations'::regclass AND attnum > 0 ORDER BY attnum`,
      );
    expect(await describe(ours)).toHaveLength(8);
    expect(await describe(ours)).toEqual(await describe(theirs));
  });

  it('leaves nothing to do for Prisma, which finds the database up to date', async () => {
    expect(await statusOfPrisma(ours)).toMatchObject(UP_TO_DATE);
    expect(await byPrisma(ours)).toEqual([]);
    expect(await byUs(ours)).toEqual([]);
  });

  it('finds nothing to do after Prisma', async () => {
    const before = await rowsOf(theirs);
    expect(await byUs(theirs)).toEqual([]);
    expect(await rowsOf(theirs)).toEqual(before);
  });

  it.each([
    ['Prisma goes on after it', byUs, byPrisma],
    ['it goes on after Prisma', byPrisma, byUs],
  ])('%s', async (_, first, second) => {
    const place = await emptySchema();
    const older = { '1_a': 'CREATE TABLE a ();', '3_c': 'CREATE TABLE c ();' };
    const newer = folder({ ...older, '2_b': 'CREATE TABLE b ();', '4_d': 'CREATE TABLE d ();' });
    expect(await first(place, folder(older))).toEqual(['1_a', '3_c']);
    expect(await second(place, newer)).toEqual(['2_b', '4_d']);
    expect(await first(place, newer)).toEqual([]);
    expect(await tablesOf(place)).toEqual(['_prisma_migrations', 'a', 'b', 'c', 'd']);
  });

  it('takes a migration that is unknown or edited for applied, as Prisma does', async () => {
    const place = await emptySchema();
    await byUs(place, folder({ '1_a': 'CREATE TABLE a ();', '2_b': 'CREATE TABLE b ();' }));
    const other = folder({ '1_a': 'CREATE TABLE a (id integer);' });
    expect(await statusOfPrisma(place, other)).toMatchObject({ editedMigrationNames: ['1_a'] });
    expect([await byUs(place, other), await byPrisma(place, other)]).toEqual([[], []]);
  });

  it('waits while Prisma works', async () => {
    const place = await emptySchema();
    const { query, end } = await openConnection(test.url);
    await query('SELECT pg_advisory_lock(72707369)');
    let ended = false;
    const applied = byUs(place, folder({ '1_a': 'CREATE TABLE a ();' })).finally(() => (ended = true));
    await eventually(
      async () => {
        const sql = `SELECT FROM pg_stat_activity WHERE datname = $1 AND query LIKE '%pg_try_advisory_lock%'`;
        must((await query(`${sql} AND query_start > backend_start + interval '1 second'`, test.name)).length > 0, 'no');
      },
      { deadlineMs: 10_000 },
    );
    expect([ended, await tablesOf(place)]).toEqual([false, []]);
    await end();
    expect(await applied).toEqual(['1_a']);
  });
});

it('is done once when several begin at the same time', async () => {
  const place = await emptySchema();
  const migrations = folder({ '1_a': 'CREATE TABLE a (); SELECT pg_sleep(0.3);', '2_b': 'CREATE TABLE b ();' });
  const applied = await Promise.all([1, 2, 3].map(() => byUs(place, migrations)));
  expect(applied.sort((a, b) => b.length - a.length)).toEqual([['1_a', '2_b'], [], []]);
});

describe('a migration that fails', () => {
  const files = {
    '1_a': 'CREATE TABLE a (id integer UNIQUE);',
    '2_b': 'CREATE TABLE b ();\nINSERT INTO a VALUES (1), (1);',
    '3_c': 'CREATE TABLE c ();',
  };
  const reason = 'duplicate key value violates unique constraint "a_id_key": Key (id)=(1) already exists.';

  it('changes nothing, holds up the later ones, and leaves the row that Prisma leaves', async () => {
    const [ours, theirs] = [await emptySchema(), await emptySchema()];
    expect(await failure(byUs(ours, folder(files)))).toBe(`Database migration (2_b) failed: ${reason}`);
    expect(await failure(byPrisma(theirs, folder(files)))).toContain('2_b');
    expect(await tablesOf(ours)).toEqual(['_prisma_migrations', 'a']);
    const rows = await rowsOf(ours);
    expect(rows.map(({ logs }) => logs)).toEqual([null, reason]);
    const theirRows = await rowsOf(theirs);
    expect(rows.map((row) => ({ ...row, logs: '' }))).toEqual(theirRows.map((row) => ({ ...row, logs: '' })));
  });

  it.each([
    ['by Prisma', byUs, byPrisma],
    ['after Prisma', byPrisma, byUs],
  ])('is refused from then on, also %s, until an operator resolves it', async (_, first, second) => {
    const place = await emptySchema();
    await failure(first(place, folder(files)));
    for (const again of [first, second]) expect(await failure(again(place, folder(files)))).toContain('2_b');
    expect(await statusOfPrisma(place, folder(files))).toMatchObject({ failedMigrationNames: ['2_b'] });

    const message = await failure(byUs(place, folder(files)));
    expect(message).toMatch(/^Database migration \(2_b\) began at \S+ \S+ and did not finish \(/);
    const [, sql] = /run `(UPDATE [^`]*;)` there, and then `paysaga setup database`\.$/.exec(message) ?? [];
    await test.query(sql ?? 'it says no SQL');
    const repaired = folder({ ...files, '2_b': 'CREATE TABLE b ();' });
    expect(await second(place, repaired)).toEqual(['2_b', '3_c']);
    expect(await first(place, repaired)).toEqual([]);
    expect(await statusOfPrisma(place, repaired)).toMatchObject(UP_TO_DATE);
  });
});

it('is applied anew after its connection broke, once the server is done with what that has sent', async () => {
  const place = await emptySchema();
  const { databaseUrl, proxy } = await proxied(place);
  const migrations = folder({ '1_a': 'CREATE TABLE a (); SELECT pg_sleep(2);' });
  const cut = failure(byUs({ ...place, databaseUrl }, migrations));
  await untilAsleep('CREATE TABLE a (); SELECT pg_sleep(2);');
  proxy.cut();
  expect(await cut).toMatch(/^Database migration \(1_a\) failed: /);
  expect(await byUs(place, migrations)).toEqual(['1_a']);
  expect((await rowsOf(place)).map(({ finished }) => finished)).toEqual([true]);
  await proxy.close();
});

it('lets a file of a single statement do what no transaction allows', async () => {
  const place = await emptySchema();
  const alone = { '1_a': 'CREATE TABLE a (id integer);', '2_i': 'CREATE INDEX CONCURRENTLY i ON a (id);' };
  expect(await byUs(place, folder(alone))).toEqual(['1_a', '2_i']);
  const together = folder({ ...alone, '3_j': 'CREATE INDEX CONCURRENTLY j ON a (id); CREATE TABLE b ();' });
  expect(await failure(byUs(place, together))).toMatch(/\(3_j\) failed: CREATE INDEX CONCURRENTLY cannot/);
});

it('refuses a schema that has other tables', async () => {
  const place = await emptySchema();
  await test.query(`CREATE TABLE ${place.schema}.other ()`);
  expect(await failure(byUs(place))).toMatch(/^The schema \w+ has tables \(other\) but no _prisma_migrations\. /);
  expect(await failure(byPrisma(place))).toContain('not empty');
  expect(await tablesOf(place)).toEqual(['other']);
});

it('gives up a server that falls silent, however long a migration may take', async () => {
  const place = await emptySchema();
  const { databaseUrl, proxy } = await proxied(place);
  const migrations = folder({ '1_a': 'SELECT pg_sleep(8);', '2_b': 'SELECT pg_sleep(60);' });
  const ended = failure(byUs({ ...place, databaseUrl }, migrations));
  await untilAsleep('SELECT pg_sleep(60);');
  const started = performance.now();
  proxy.stall();
  expect(await ended).toMatch(/^Database migration \(2_b\) failed: /);
  expect(performance.now() - started).toBeLessThan(15_000);
  await proxy.close();
}, 60_000);
