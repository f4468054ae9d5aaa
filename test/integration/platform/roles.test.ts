import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { connectDatabase } from '../../../src/platform/database/database';
import { assertMigrated } from '../../../src/platform/database/migrated';
import { applyRoles, type RoleGrants, RolesMissing } from '../../../src/platform/database/roles';
import { processGrants } from '../../../src/process-grants';
import { openConnection, type OpenConnection } from '../../support/connection';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

const APPEND_ONLY = ['event', 'ledger_entry', 'ledger_transaction', 'audit_log'];
const { roles } = processGrants;

let test: TestDatabase;
/** Users that a test makes: they belong to the whole cluster. */
let users: string[] = [];
beforeAll(async () => {
  test = await createTestDatabase();
  await applyRoles({ databaseUrl: test.url, grants: processGrants });
});
afterEach(async () => {
  for (const user of users) await test.query(`DROP OWNED BY ${user}`);
  for (const user of users) await test.query(`DROP ROLE ${user}`);
  users = [];
});
afterAll(() => test.close());

async function createUser(options: string): Promise<{ name: string; url: string }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await test.query(`CREATE ROLE ${name} ${options} PASSWORD '${name}'`);
  users.push(name);
  const url = new URL(test.url);
  [url.username, url.password] = [name, name];
  return { name, url: url.href };
}

async function as<T>(url: string, work: (connection: OpenConnection) => Promise<T>): Promise<T> {
  const connection = await openConnection(url);
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

/** What the roles may do, as the database has it. */
const privileges = () =>
  test.query<{ table: string; role: string; privileges: string }>(
    `SELECT relname AS "table", role, string_agg(privilege, ', ' ORDER BY ordinality) AS privileges
     FROM pg_class CROSS JOIN unnest($1::text[]) AS role
     CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
       WITH ORDINALITY AS p (privilege, ordinality)
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
       AND has_table_privilege(role, pg_class.oid, privilege)
     GROUP BY relname, role ORDER BY relname, role`,
    roles,
  );

const declared = () =>
  Object.entries(processGrants.tables)
    .flatMap(([table, granted]) => Object.entries(granted).map(([role, privileges]) => ({ table, role, privileges })))
    .sort((a, b) => (`${a.table} ${a.role}` < `${b.table} ${b.role}` ? -1 : 1));

it('lists every table of the schema', async () => {
  const tables = await test.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
  );
  expect(Object.keys(processGrants.tables).sort()).toEqual(tables.map(({ name }) => name).sort());
});

it('gives each role exactly what is listed, also when it had more', async () => {
  expect(await privileges()).toEqual(declared());
  await test.query(`GRANT ALL ON event, saga TO ${roles.join(', ')}`);
  await test.query('GRANT ALL ON orders TO PUBLIC');
  await test.query('REVOKE ALL ON orders FROM paysaga_api');
  expect(await applyRoles({ databaseUrl: test.url, grants: processGrants })).toEqual([]);
  expect(await privileges()).toEqual(declared());
});

it('lets no role change what is append-only, truncate, or delete beyond retention and its own short-lived rows', () => {
  for (const { table, privileges } of declared()) {
    expect(privileges).toMatch(/^(SELECT|INSERT|UPDATE|DELETE)(, (INSERT|UPDATE|DELETE))*$/);
    if (APPEND_ONLY.includes(table)) expect(privileges).not.toMatch(/UPDATE|DELETE/);
  }
  const deleted = declared().filter(({ privileges }) => privileges.includes('DELETE'));
  expect(deleted.map(({ table, role }) => `${role} ${table}`).sort()).toEqual([
    'paysaga_api fault',
    'paysaga_api outbox',
    'paysaga_consumer dead_letter',
    'paysaga_consumer stalled_consumer',
    'paysaga_worker circuit_breaker',
    'paysaga_worker dead_letter',
    'paysaga_worker idempotency_key',
    'paysaga_worker outbox',
    'paysaga_worker reconciliation_charge',
    'paysaga_worker reconciliation_difference',
    'paysaga_worker reconciliation_run',
    'paysaga_worker relay_worker',
  ]);
});

it.each([...roles])('refuses a member of %s what its process never does', async (role) => {
  const { url } = await createUser(`LOGIN IN ROLE ${role}`);
  await as(url, async (connection) => {
    expect(await connection.query('SELECT event_id FROM event')).toEqual([]);
    const statements = [
      ...APPEND_ONLY.flatMap((table) => [`DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`]),
      "UPDATE event SET type = 'x'",
      'TRUNCATE outbox',
      'CREATE TABLE mine ()',
      'CREATE SCHEMA mine',
      'ALTER TABLE event DISABLE TRIGGER ALL',
      'DROP TABLE sales_daily',
      'DELETE FROM api_key',
      // Operators create keys over HTTP.
      ...(role === 'paysaga_api' ? [] : ["INSERT INTO api_key (key_id, hash, role) VALUES ('k', 'h', 'operator')"]),
      'SET session_replication_role = replica',
    ];
    for (const statement of statements) {
      await expect(connection.query(statement)).rejects.toThrow(/permission denied|must be owner/);
    }
  });
});

describe('a user who may not create roles', () => {
  it('learns which roles to have made, and can give them their privileges then', async () => {
    const owner = await createUser('LOGIN');
    await test.query(`CREATE SCHEMA ${owner.name} AUTHORIZATION ${owner.name}`);
    const url = `${owner.url}?schema=${owner.name}`;
    await as(url, (connection) => connection.query('CREATE TABLE thing (id integer)'));
    const role = `${owner.name}_api`;
    const grants: RoleGrants = { roles: [role], tables: { thing: { [role]: 'SELECT' } }, sequences: {}, functions: {} };

    const refused = await applyRoles({ databaseUrl: url, grants }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RolesMissing);
    expect((refused as Error).message).toBe(
      `The roles ${role} are missing, and ${owner.name} may not create them. Let a superuser run\n` +
        `  CREATE ROLE ${role} NOLOGIN;\nand then run \`paysaga setup database\`.`,
    );

    await test.query(`CREATE ROLE ${role} NOLOGIN`);
    users.unshift(role);
    expect(await applyRoles({ databaseUrl: url, grants })).toEqual([]);
    const [row] = await test.query<{ may: boolean }>(
      `SELECT has_table_privilege($1, '${owner.name}.thing', 'SELECT') AS may`,
      role,
    );
    expect(row?.may).toBe(true);
  });
});

it('a process learns that its user lacks its privileges, or that the database is of its version', async () => {
  const asked = async (options: string): Promise<unknown> => {
    const { url } = await createUser(options);
    const database = connectDatabase({ url, applicationName: 'paysaga-test', logger: silentLogger });
    const answer = await assertMigrated(database).catch(({ message }: Error) => message);
    await database.$disconnect();
    return answer;
  };
  expect(await asked('LOGIN')).toBe(
    'the role of this process lacks its privileges in the database: run `paysaga setup database`',
  );
  for (const role of roles) expect(await asked(`LOGIN IN ROLE ${role}`)).toBeUndefined();
});

it('is part of `paysaga setup database`, which needs no other settings and may be repeated, by several at once', async () => {
  const env = { PATH: process.env.PATH, DATABASE_URL: test.url };
  const paysaga = () => run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'setup', 'database'], { env });
  const said = { code: 0, output: 'The database is up to date.\nThe roles are there; each has its privileges.\n' };
  expect(await Promise.all([paysaga(), paysaga(), paysaga()])).toEqual([said, said, said]);
});

it('docker-compose.yml has a user for each process, which is in the role of that process alone', async () => {
  const compose = readFileSync(fromRoot('docker-compose.yml'), 'utf8');
  const statements = readFileSync(fromRoot('dev/compose/process-users.sql'), 'utf8');
  // Users belong to the whole cluster, which may have some of these names.
  const prefix = `test_${randomBytes(6).toString('hex')}_`;
  const processes = ['api', 'worker', 'consumer'];
  users = processes.map((process) => prefix + process);
  for (let time = 0; time < 2; time += 1) await test.query(statements.replaceAll('shop_', prefix));

  for (const process of processes) {
    const service = compose.split(`\n  ${process}:\n`)[1]?.split(/\n {2}\w+:\n/)[0];
    const [, user, password] = /DATABASE_URL: postgresql:\/\/(\w+):(\w+)@postgres/.exec(service ?? '') ?? [];
    expect(user).toBe(`shop_${process}`);
    const url = new URL(test.url);
    [url.username, url.password] = [prefix + process, password ?? ''];
    const held = await as(url.href, ({ query }) =>
      query(`SELECT role FROM unnest($1::text[]) AS role WHERE pg_has_role(role, 'member') ORDER BY role`, roles),
    );
    expect(held).toEqual([{ role: `paysaga_${process}` }]);
  }
});
