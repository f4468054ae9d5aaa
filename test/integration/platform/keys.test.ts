import { createAuthenticate, createKeyUse } from '../../../src/http/api-keys';
import { wait } from '../../../src/platform/timing';
import { createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

const DAY_MS = 86_400_000;

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await createTestApi(db.database);
});
afterEach(() => db.empty('audit_log'));
afterAll(() => db.close());

interface Key {
  readonly key_id: string;
  readonly key: string;
  readonly expires_at: string | null;
}

const post = (path: string, json?: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', path, { as: 'operator', json, headers });
const create = async (json: object): Promise<Key> => {
  const { status, body } = await post('/admin/keys', json);
  expect(status).toBe(201);
  return body as unknown as Key;
};
const listed = async (id: string): Promise<Record<string, unknown> | undefined> => {
  const { body } = await api.call('GET', '/admin/keys?limit=200', { as: 'operator' });
  return (body?.data as { key_id: string }[]).find(({ key_id }) => key_id === id);
};
/** The status of a request with this key. */
const tried = async (key: string): Promise<number> =>
  (await api.call('GET', '/products', { headers: { authorization: `Bearer ${key}` } })).status;
const actions = () =>
  db.query<{ action: string; subject: string }>(
    'SELECT actor, action, subject, reason, details FROM audit_log ORDER BY at',
  );

describe('creating keys', () => {
  it('answers the secret once, and stores only its hash', async () => {
    const { status, body, text } = await post('/admin/keys', { role: 'customer', customer_id: 'cus_7', label: 'app' });
    expect(status).toBe(201);
    const { key_id, key } = body as unknown as Key;
    expect(body).toEqual({
      key_id: expect.stringMatching(/^key_/),
      role: 'customer',
      customer_id: 'cus_7',
      label: 'app',
      expires_at: null,
      created_at: expect.stringMatching(/Z$/),
      last_used_at: null,
      revoked_at: null,
      key: expect.stringMatching(new RegExp(`^${key_id}\\.[\\w-]{43}$`)),
    });
    expect(text.match(/"key":/g)).toHaveLength(1);
    expect(await tried(key)).toBe(200);
    expect({ ...(await listed(key_id)), key }).toEqual(body);
    expect(await actions()).toEqual([
      {
        actor: api.operatorKeyId,
        action: 'key.create',
        subject: key_id,
        reason: 'No reason was given.',
        details: { role: 'customer', customer_id: 'cus_7', label: 'app', expires_at: null },
      },
    ]);
    const secret = key.split('.')[1];
    const kept = await db.query<{ row: string }>(
      `SELECT to_json(a)::text AS row FROM api_key a UNION ALL SELECT to_json(o)::text FROM audit_log o
       UNION ALL SELECT to_json(i)::text FROM idempotency_key i`,
    );
    expect(kept.filter(({ row }) => row.includes(secret ?? ''))).toEqual([]);
  });

  it('ignores an Idempotency-Key: the response is not stored', async () => {
    const headers = { 'idempotency-key': 'once' };
    const [first, second] = [
      await post('/admin/keys', { role: 'service' }, headers),
      await post('/admin/keys', { role: 'service' }, headers),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body?.key_id).not.toBe(second.body?.key_id);
    expect(await db.query(`SELECT FROM idempotency_key WHERE key = 'once'`)).toEqual([]);
  });

  it.each([
    ['a customer key without a customer', { role: 'customer' }, '/customer_id'],
    ['a service key with a customer', { role: 'service', customer_id: 'cus_1' }, '/customer_id'],
    ['an unknown role', { role: 'admin' }, '/role'],
    ['a label with a control character', { role: 'service', label: 'a\u0007' }, '/label'],
    ['an expiry in the past', { role: 'service', expires_at: '2020-01-01T00:00:00Z' }, undefined],
  ])('refuses %s', async (_, json, pointer) => {
    const { status, body } = await post('/admin/keys', json);
    expect([status, body?.code]).toEqual([422, pointer ? 'validation_failed' : 'expiry_passed']);
    if (pointer) expect(body?.errors).toMatchObject([{ pointer }]);
  });

  it.each(['service', 'customer'] as const)('refuses a %s key', async (as) => {
    expect((await api.call('POST', '/admin/keys', { as, json: { role: 'service' } })).status).toBe(403);
  });
});

it('lists keys newest first, by pages', async () => {
  const made = [await create({ role: 'service', label: 'a' }), await create({ role: 'service', label: 'b' })];
  const first = await api.call('GET', '/admin/keys?limit=1', { as: 'operator' });
  expect(first.body?.data).toMatchObject([{ key_id: made[1]?.key_id, label: 'b' }]);
  expect(first.text).not.toContain('hash');
  const next = await api.call('GET', `/admin/keys?limit=1&cursor=${String(first.body?.next_cursor)}`, {
    as: 'operator',
  });
  expect(next.body?.data).toMatchObject([{ key_id: made[0]?.key_id, label: 'a' }]);
});

it('refuses a key from its expiry on, also where it is remembered', async () => {
  const authenticate = createAuthenticate(db.database);
  const { key_id, key } = await create({
    role: 'service',
    expires_at: new Date(Date.now() + 1_500).toISOString(),
  });
  expect(await authenticate(key)).toMatchObject({ role: 'service', keyId: key_id });
  await wait(1_600);
  expect(await authenticate(key)).toBeUndefined();
  expect(await tried(key)).toBe(401);
  expect(await post(`/admin/keys/${key_id}/rotate`)).toMatchObject({ status: 409, body: { code: 'key_expired' } });
  expect(await post(`/admin/keys/${key_id}/revoke`)).toMatchObject({ status: 200 });
});

it('refuses a revoked key within 5 seconds in every process', async () => {
  const processes = [createAuthenticate(db.database), createAuthenticate(db.database)];
  const { key_id, key } = await create({ role: 'operator' });
  for (const authenticate of processes) expect(await authenticate(key)).toBeDefined();
  const { status, body } = await post(`/admin/keys/${key_id}/revoke`, { reason: 'It was leaked.' });
  const revokedAt = performance.now();
  expect([status, body]).toMatchObject([200, { key_id, revoked_at: expect.stringMatching(/Z$/) }]);
  await wait(revokedAt + 5_000 - performance.now());
  for (const authenticate of processes) expect(await authenticate(key)).toBeUndefined();
  expect(await tried(key)).toBe(401);
  expect(await actions()).toMatchObject([
    { action: 'key.create' },
    { action: 'key.revoke', subject: key_id, reason: 'It was leaked.', actor: api.operatorKeyId },
  ]);
  for (const act of ['revoke', 'rotate']) {
    expect(await post(`/admin/keys/${key_id}/${act}`)).toMatchObject({ status: 409, body: { code: 'key_revoked' } });
  }
});

it('repeats the response of a revocation under its Idempotency-Key', async () => {
  const { key_id } = await create({ role: 'service' });
  const headers = { 'idempotency-key': 'revoke-once' };
  const first = await post(`/admin/keys/${key_id}/revoke`, {}, headers);
  const second = await post(`/admin/keys/${key_id}/revoke`, {}, headers);
  expect([second.status, second.text]).toEqual([200, first.text]);
});

it.each(['revoke', 'rotate'])('%s answers 404 for an unknown key', async (act) => {
  for (const id of ['key_1', `key_${'0'.repeat(32)}`]) {
    expect(await post(`/admin/keys/${id}/${act}`, { reason: 'why' })).toMatchObject({
      status: 404,
      body: { code: 'key_not_found' },
    });
  }
});

describe('rotating keys', () => {
  it('answers a new secret, and keeps the old key for the grace time', async () => {
    const old = await create({ role: 'customer', customer_id: 'cus_8', label: 'app' });
    const before = Date.now();
    const { status, body } = await post(`/admin/keys/${old.key_id}/rotate`, { reason: 'Every quarter.' });
    expect(status).toBe(200);
    const made = body as unknown as Key;
    expect(made).toMatchObject({ role: 'customer', customer_id: 'cus_8', label: 'app', expires_at: null });
    expect(made.key_id).not.toBe(old.key_id);
    expect([await tried(old.key), await tried(made.key)]).toEqual([200, 200]);

    const expiry = Date.parse(String((await listed(old.key_id))?.expires_at));
    expect(Math.abs(expiry - before - DAY_MS)).toBeLessThan(30_000);
    const [, action] = await actions();
    expect(action).toMatchObject({
      action: 'key.rotate',
      subject: old.key_id,
      reason: 'Every quarter.',
      details: { replaced_by: made.key_id },
    });
    expect(JSON.stringify(action)).not.toContain(made.key.split('.')[1]);

    await db.query(`UPDATE api_key SET expires_at = now() WHERE key_id = $1`, old.key_id);
    expect(await createAuthenticate(db.database)(old.key)).toBeUndefined();
    expect(await tried(made.key)).toBe(200);
  });

  it('never extends the life of a key', async () => {
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const old = await create({ role: 'service', expires_at });
    const { body } = await post(`/admin/keys/${old.key_id}/rotate`);
    expect(body).toMatchObject({ expires_at });
    expect(await listed(old.key_id)).toMatchObject({ expires_at });
  });

  it('refuses a second rotation of the same key, which may still be revoked', async () => {
    const old = await create({ role: 'service' });
    await post(`/admin/keys/${old.key_id}/rotate`);
    const again = await post(`/admin/keys/${old.key_id}/rotate`);
    expect(again).toMatchObject({ status: 409, body: { code: 'key_rotated' } });
    expect((await post(`/admin/keys/${old.key_id}/revoke`)).status).toBe(200);
  });
});

describe('last_used_at', () => {
  const lastUse = async (id: string) => (await listed(id))?.last_used_at;

  it('is written beside the request, once per key and minute', async () => {
    const { key_id, key } = await create({ role: 'service' });
    let writes = 0;
    const counted = {
      $executeRawUnsafe: (sql: string, ...values: unknown[]) => {
        writes += 1;
        return db.database.$executeRawUnsafe(sql, ...values);
      },
    };
    const uses = [createKeyUse(counted, silentLogger), createKeyUse(counted, silentLogger)];
    for (const use of uses) {
      const authenticate = createAuthenticate(db.database, use.note);
      for (let time = 0; time < 5; time += 1) expect(await authenticate(key)).toBeDefined();
    }
    expect(await lastUse(key_id)).toBeNull();
    await uses[0]?.close();
    const first = await lastUse(key_id);
    expect(Date.parse(String(first))).toBeGreaterThan(Date.now() - 60_000);
    // Another process in the same minute finds it written.
    await uses[1]?.close();
    expect([writes, await lastUse(key_id)]).toEqual([2, first]);
    uses[0]?.note(key_id);
    await uses[0]?.close();
    expect(writes).toBe(2);
    await db.query(`UPDATE api_key SET last_used_at = now() - interval '61 seconds' WHERE key_id = $1`, key_id);
    const later = createKeyUse(db.database, silentLogger);
    later.note(key_id);
    await later.close();
    expect(Date.parse(String(await lastUse(key_id)))).toBeGreaterThanOrEqual(Date.parse(String(first)));
  });

  it('is left to the next use where the write fails, and no request notices', async () => {
    let fails = true;
    const broken = {
      $executeRawUnsafe: async (sql: string, ...values: unknown[]) => {
        if (fails) throw new Error('The database is away.');
        return db.database.$executeRawUnsafe(sql, ...values);
      },
    };
    const { key_id, key } = await create({ role: 'service' });
    const use = createKeyUse(broken, silentLogger);
    const authenticate = createAuthenticate(db.database, use.note);
    expect(await authenticate(key)).toBeDefined();
    await use.close();
    expect(await lastUse(key_id)).toBeNull();
    fails = false;
    expect(await authenticate(key)).toBeDefined();
    await use.close();
    expect(await lastUse(key_id)).not.toBeNull();
  });

  it('is not written for a wrong secret', async () => {
    const { key_id } = await create({ role: 'service' });
    const use = createKeyUse(db.database, silentLogger);
    expect(await createAuthenticate(db.database, use.note)(`${key_id}.${'x'.repeat(43)}`)).toBeUndefined();
    await use.close();
    expect(await lastUse(key_id)).toBeNull();
  });
});
