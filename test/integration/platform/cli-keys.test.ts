import { run } from '../../../dev/os/child';
import { fromRoot } from '../../../dev/os/files';
import { createAuthenticate } from '../../../src/http/api-keys';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(() => db.empty('api_key', 'audit_log'));
afterAll(() => db.close());

/** The built program, as a shell runs it: it needs no setting but the database. */
function paysaga(...args: string[]) {
  const env = { PATH: process.env.PATH, DATABASE_URL: db.url, KEY_ROTATION_GRACE: '2 hours' };
  return run(process.execPath, [fromRoot('dist', 'src', 'cli.js'), 'keys', ...args], { env });
}

const json = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await paysaga(...args, '--json')).output) as Record<string, unknown>;
const actions = () => db.query('SELECT actor, action, subject, reason FROM audit_log ORDER BY at');
const principalOf = (key: string) => createAuthenticate(db.database)(key);
const KEY = /^(key_[0-9a-f]{32})\.[\w-]{43}\n$/;

it('creates a key with the database alone, and prints it for scripts', async () => {
  expect(await paysaga('ls')).toEqual({ code: 0, output: 'There are no keys.\n' });
  const { code, output } = await paysaga('create', '--role', 'operator', '--label', 'first', '--actor', 'alice');
  expect([code, output]).toEqual([0, expect.stringMatching(KEY)]);
  const keyId = KEY.exec(output)?.[1];
  expect(await principalOf(output.trim())).toEqual({ role: 'operator', keyId });
  expect(await actions()).toEqual([
    { actor: 'cli/alice', action: 'key.create', subject: keyId, reason: 'No reason was given.' },
  ]);
  for (const name of ['ls', 'list']) {
    const { output: rows } = await paysaga(name);
    expect(rows).toMatch(new RegExp(`^${keyId} +operator +- +first +\\S+Z +- +- +-$`, 'm'));
  }
});

it('prints as JSON what the routes answer', async () => {
  const expiresAt = '2099-01-01T00:00:00.000Z';
  const made = await json('create', '--role', 'customer', '--customer', 'cus_1', '--expires-at', '2099-01-01');
  const { key, ...view } = made;
  expect(made).toEqual({
    key_id: expect.stringMatching(/^key_/),
    role: 'customer',
    customer_id: 'cus_1',
    label: null,
    expires_at: expiresAt,
    created_at: expect.any(String),
    last_used_at: null,
    revoked_at: null,
    key: expect.stringContaining(String(made.key_id)),
  });
  expect(await principalOf(String(key))).toMatchObject({ role: 'customer', customerId: 'cus_1' });
  expect(await json('ls')).toEqual({ data: [view], next_cursor: null });
  const { key: other, ...rotated } = await json('rotate', String(made.key_id), '--reason', 'Every quarter.');
  expect(rotated).toMatchObject({ role: 'customer', expires_at: expiresAt });
  expect(await principalOf(String(other))).toMatchObject({ keyId: rotated.key_id });
  const revoked = await json('revoke', String(made.key_id));
  expect(revoked).toEqual({
    ...view,
    expires_at: expect.any(String),
    revoked_at: expect.stringMatching(/Z$/),
  });
  expect(await principalOf(String(key))).toBeUndefined();
  expect(await actions()).toMatchObject([
    { action: 'key.create' },
    { action: 'key.rotate', subject: made.key_id, reason: 'Every quarter.' },
    { action: 'key.revoke', subject: made.key_id },
  ]);
});

it('rotates a key for the time of KEY_ROTATION_GRACE, and revokes it', async () => {
  const old = await json('create', '--role', 'service');
  const id = String(old.key_id);
  const before = Date.now();
  const { code, output } = await paysaga('rotate', id);
  expect([code, output]).toEqual([0, expect.stringContaining(`The old key ${id} works until `)]);
  const [row] = await db.query<{ expires_at: Date }>('SELECT expires_at FROM api_key WHERE key_id = $1', id);
  const graceMs = (row?.expires_at.getTime() ?? 0) - before;
  expect(Math.abs(graceMs - 7_200_000)).toBeLessThan(60_000);
  expect(await principalOf(String(old.key))).toBeDefined();
  expect(await paysaga('revoke', id, '--reason', 'leaked')).toEqual({
    code: 0,
    output: `Revoked key ${id} (service). Every process refuses it within 5 seconds.\n`,
  });
  expect(await principalOf(String(old.key))).toBeUndefined();
});

it('does nothing in a dry run', async () => {
  const { key_id } = await json('create', '--role', 'service', '--label', 'shop');
  const id = String(key_id);
  const would = async (...args: string[]) => (await paysaga(...args, '--dry-run')).output;
  expect(await would('create', '--role', 'service')).toBe('Would create a service key. Nothing was done.\n');
  expect(await would('revoke', id)).toBe(`Would revoke key ${id} (service, shop). Nothing was done.\n`);
  expect(await would('rotate', id)).toMatch(
    /^Would replace key \S+, which would work until \S+Z\. Nothing was done\.$/m,
  );
  expect(await json('revoke', id, '--dry-run')).toMatchObject({ dry_run: true, key_id: id, revoked_at: null });
  expect(await json('rotate', id, '--dry-run')).toMatchObject({ dry_run: true, key_id: id });
  expect(await db.query('SELECT FROM api_key WHERE revoked_at IS NULL AND expires_at IS NULL')).toHaveLength(1);
  expect(await actions()).toMatchObject([{ action: 'key.create' }]);
});

it.each(['revoke', 'rotate'])('%s ends with 1 for an unknown key and a revoked one', async (verb) => {
  const { key_id } = await json('create', '--role', 'service');
  await paysaga('revoke', String(key_id));
  for (const dryRun of [[], ['--dry-run']]) {
    expect(await paysaga(verb, 'key_1', ...dryRun)).toMatchObject({
      code: 1,
      output: expect.stringContaining('key_not_found'),
    });
    expect(await paysaga(verb, String(key_id), ...dryRun)).toMatchObject({
      code: 1,
      output: expect.stringContaining('key_revoked'),
    });
  }
});

it.each([
  ['no role', ['create'], '--role'],
  ['an unknown role', ['create', '--role', 'admin'], 'role'],
  ['a customer key without a customer', ['create', '--role', 'customer'], '--customer'],
  ['a service key with a customer', ['create', '--role', 'service', '--customer', 'cus_1'], '--customer'],
  ['a customer id that is none', ['create', '--role', 'customer', '--customer', 'a b'], 'customer_id'],
  ['an expiry that is no time', ['create', '--role', 'service', '--expires-at', 'soon'], 'RFC 3339'],
  ['an expiry in the past', ['create', '--role', 'service', '--expires-at', '2020-01-01'], 'expiry_passed'],
  ['no key', ['revoke'], 'key_id'],
])('ends with 2 and says why: %s', async (_, args, why) => {
  const { code, output } = await paysaga(...args);
  expect([code, output]).toEqual([2, expect.stringContaining(why)]);
  expect(output).not.toMatch(/^ {4}at /m);
  expect(await db.query('SELECT FROM api_key')).toEqual([]);
});
