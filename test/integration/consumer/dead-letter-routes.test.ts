import { type ApiRequest, createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';

const reason = { reason: 'the cause is mended' };

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await createTestApi(db.database);
});
afterEach(() => db.empty('dead_letter', 'audit_log', 'idempotency_key'));
afterAll(() => db.close());

const operator = (json?: unknown, headers?: Record<string, string>): ApiRequest => ({
  as: 'operator',
  ...(json !== undefined && { json }),
  ...(headers && { headers }),
});

interface Letter {
  readonly group?: string;
  readonly key?: string;
  readonly state?: string;
  readonly value?: Buffer | null;
}

let offset = 0;
/** A letter that no consumer takes here. @returns its id */
async function letter({
  group = 'g',
  key = 'k',
  state = 'dead',
  value = Buffer.from('{"n":1}'),
}: Letter = {}): Promise<string> {
  const [row] = await db.query<{ id: string }>(
    `INSERT INTO dead_letter (consumer_group, topic, partition, "offset", key, headers, value, reason, state, attempts, created_at)
     VALUES ($1, 't', 0, $2, $3, '{"ce_type":"x"}', $4, 'out_of_stock: no', $5, 1, '2026-11-21T10:00:00.5Z') RETURNING id`,
    group,
    (offset += 1),
    key,
    value,
    state,
  );
  return row?.id ?? '';
}

const idsOf = async (query: string): Promise<string[]> => {
  const { body } = await api.call('GET', `/admin/dead-letters${query}`, operator());
  return (body?.data as { id: string }[]).map(({ id }) => id);
};
const countActions = async (): Promise<number> => (await db.query('SELECT FROM audit_log')).length;

describe('GET /admin/dead-letters', () => {
  it('shows a letter whole, alone and in a list', async () => {
    const id = await letter();
    await letter({ state: 'queued' });
    const expected = {
      id,
      group: 'g',
      topic: 't',
      partition: 0,
      offset: String(offset - 1),
      key: 'k',
      headers: { ce_type: 'x' },
      value: '{"n":1}',
      reason: 'out_of_stock: no',
      state: 'dead',
      attempts: 1,
      due_at: null,
      created_at: '2026-11-21T10:00:00.500Z',
      behind: 1,
    };
    expect((await api.call('GET', `/admin/dead-letters/${id}`, operator())).body).toEqual(expected);
    expect((await api.call('GET', '/admin/dead-letters?limit=1', operator())).body).toEqual({
      data: [expected],
      next_cursor: expect.any(String),
    });
  });

  it('lists open letters by default, filters, and pages oldest first', async () => {
    const dead = await letter();
    const queued = await letter({ state: 'queued' });
    const other = await letter({ group: 'h', key: 'ключ &', state: 'retrying' });
    const [replayed, discarded] = [await letter({ state: 'replayed' }), await letter({ state: 'discarded' })];
    expect(await idsOf('')).toEqual([dead, queued, other]);
    expect(await idsOf('?group=h&topic=t')).toEqual([other]);
    expect(await idsOf(`?key=${encodeURIComponent('ключ &')}`)).toEqual([other]);
    expect(await idsOf('?topic=u')).toEqual([]);
    for (const [state, id] of Object.entries({ dead, queued, retrying: other, replayed, discarded })) {
      expect(await idsOf(`?state=${state}`)).toEqual([id]);
    }
    const { body } = await api.call('GET', '/admin/dead-letters?limit=2', operator());
    expect(await idsOf(`?limit=2&cursor=${String(body?.next_cursor)}`)).toEqual([other]);
  });

  it('has a value that is not UTF-8 in base64, and in a list the first 64 KiB of a long one', async () => {
    const binary = await letter({ value: Buffer.from([0xff, 0x00]) });
    const none = await letter({ value: null });
    const long = await letter({ value: Buffer.from(`x${'é'.repeat(40_000)}`) });
    const { body } = await api.call('GET', '/admin/dead-letters', operator());
    const values = (body?.data as { id: string; value: unknown }[]).map(({ id, value }) => [id, value]);
    expect(values).toEqual([
      [binary, { base64: '/wA=' }],
      [none, null],
      [long, `x${'é'.repeat(32_767)}`],
    ]);
    const whole = await api.call('GET', `/admin/dead-letters/${long}`, operator());
    expect(whole.body?.value).toBe(`x${'é'.repeat(40_000)}`);
  });

  it.each([
    ['an unknown state', '?state=lost'],
    ['a limit out of bounds', '?limit=201'],
    ['a cursor of another list', '?cursor=bm9uc2Vuc2U'],
    ['an unknown filter', '?partition=1'],
    ['NUL in a key', '?key=%00'],
  ])('refuses %s', async (_, query) => {
    const { status, body } = await api.call('GET', `/admin/dead-letters${query}`, operator());
    expect([status, body?.code]).toEqual([422, 'validation_failed']);
  });
});

describe('POST /admin/dead-letters/{id}/discard', () => {
  const path = (id: string) => `/admin/dead-letters/${id}/discard`;

  it('acts in the name of the key, once per Idempotency-Key', async () => {
    const id = await letter();
    const request = operator(reason, { 'idempotency-key': 'discard-1' });
    const first = await api.call('POST', path(id), request);
    expect(first).toMatchObject({ status: 200, body: { id, state: 'discarded', due_at: null } });
    expect((await api.call('POST', path(id), request)).text).toBe(first.text);
    const actions = await db.query('SELECT actor, action, subject, reason, details FROM audit_log');
    expect(actions).toEqual([
      {
        actor: api.operatorKeyId,
        action: 'dead_letter.discard',
        subject: id,
        ...reason,
        details: expect.objectContaining({ group: 'g', topic: 't', key: 'k', last_error: 'out_of_stock: no' }),
      },
    ]);
    expect(await api.call('POST', path(id), operator(reason))).toMatchObject({
      status: 409,
      body: { code: 'dead_letter_closed' },
    });
  });

  it('takes the event’s key in the inbox', async () => {
    const id = await letter();
    await db.query(
      `UPDATE dead_letter SET headers = '{"ce_id":"evt_1","ce_type":"x","ce_source":"s","ce_specversion":"1.0"}' WHERE id = $1`,
      id,
    );
    expect(await api.call('POST', path(id), operator(reason))).toMatchObject({ status: 200 });
    expect(await db.query('SELECT scope, key FROM idempotency_key')).toEqual([{ scope: 'g', key: 'evt_1' }]);
  });
});

it('a replay is put back for the group’s consumer, and refused behind another letter', async () => {
  const id = await letter();
  const queued = await letter({ state: 'queued' });
  const refused = await api.call('POST', `/admin/dead-letters/${queued}/replay`, operator(reason));
  expect(refused).toMatchObject({ status: 409, body: { code: 'not_first_of_key' } });
  const replaying = api.call('POST', `/admin/dead-letters/${id}/replay`, operator(reason));
  // As the consumer of the group does.
  let taken: unknown[] = [];
  while (taken.length === 0) {
    taken = await db.query(
      `UPDATE dead_letter SET state = 'replayed', replayed_from = NULL WHERE replayed_from = 'dead' AND due_at <= now() RETURNING id`,
    );
  }
  expect(await replaying).toMatchObject({ status: 200, body: { id, state: 'replayed' } });
  expect(await countActions()).toBe(1);
});

describe.each(['replay', 'discard'])('acts: %s', (verb) => {
  it.each(['999999', '0', '-1', 'abc', '99999999999999999999'])('is a 404 for the unknown letter %s', async (id) => {
    const { status, body } = await api.call('POST', `/admin/dead-letters/${id}/${verb}`, operator(reason));
    expect([status, body?.code]).toEqual([404, 'dead_letter_not_found']);
  });

  it.each([
    ['no reason', {}, '/reason'],
    ['an unknown field', { ...reason, force: true }, '/force'],
  ])('is a 422 with %s', async (_, json, pointer) => {
    const id = await letter();
    const { status, body } = await api.call('POST', `/admin/dead-letters/${id}/${verb}`, operator(json));
    expect([status, body?.code]).toEqual([422, 'validation_failed']);
    expect((body?.errors as { pointer: string }[])[0]?.pointer).toBe(pointer);
  });

  it.each([
    ['no filter', { ...reason }, '/filter'],
    ['no reason', { filter: {} }, '/reason'],
    ['a closed state', { ...reason, filter: { state: 'replayed' } }, '/filter/state'],
    ['an unknown filter', { ...reason, filter: { partition: 1 } }, '/filter/partition'],
  ])('is a 422 with %s, for many', async (_, json, pointer) => {
    const { status, body } = await api.call('POST', `/admin/dead-letters/${verb}`, operator(json));
    expect([status, body?.code]).toEqual([422, 'validation_failed']);
    expect((body?.errors as { pointer: string }[])[0]?.pointer).toBe(pointer);
  });

  it('says in a dry run how many letters match, and does nothing', async () => {
    await letter();
    await letter({ state: 'queued' });
    await letter({ group: 'h' });
    const json = { ...reason, filter: { group: 'g' }, dry_run: true };
    const { status, body } = await api.call('POST', `/admin/dead-letters/${verb}`, operator(json));
    expect([status, body]).toEqual([200, { matched: 2, [`${verb}ed`]: 0, failed: 0, dry_run: true }]);
    expect(await idsOf('')).toHaveLength(3);
    expect(await countActions()).toBe(0);
  });

  it('is for operators only', async () => {
    const id = await letter();
    for (const path of [`/admin/dead-letters/${id}/${verb}`, `/admin/dead-letters/${verb}`]) {
      expect(await api.call('POST', path, { json: { ...reason } })).toMatchObject({ status: 401 });
      const json = path.includes(id) ? reason : { ...reason, filter: {} };
      expect(await api.call('POST', path, { as: 'service', json })).toMatchObject({ status: 403 });
    }
    expect(await api.call('GET', `/admin/dead-letters/${id}`, { as: 'service' })).toMatchObject({ status: 403 });
    expect(await api.call('GET', '/admin/dead-letters', { as: 'customer' })).toMatchObject({ status: 403 });
    expect(await countActions()).toBe(0);
  });
});

it('many letters are discarded once per Idempotency-Key', async () => {
  const json = { ...reason, filter: { state: 'dead' } };
  await letter();
  const request = operator(json, { 'idempotency-key': 'many-1' });
  const first = await api.call('POST', '/admin/dead-letters/discard', request);
  expect([first.status, first.body]).toEqual([200, { matched: 1, discarded: 1, failed: 0 }]);
  await letter({ key: 'other' });
  expect((await api.call('POST', '/admin/dead-letters/discard', request)).text).toBe(first.text);
  expect(await idsOf('')).toHaveLength(1);
  const other = operator({ ...json, reason: 'another' }, { 'idempotency-key': 'many-1' });
  expect(await api.call('POST', '/admin/dead-letters/discard', other)).toMatchObject({
    status: 422,
    body: { code: 'idempotency_key_reused' },
  });
});
