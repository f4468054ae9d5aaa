import { type ApiRequest, createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { appendThing } from '../../support/outbox/outbox';

const reason = { reason: 'the broker was full' };

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await createTestApi(db.database);
});
afterEach(() => db.empty('outbox', 'event', 'audit_log'));
afterAll(() => db.close());

/** Appends rows that no relay publishes. @returns their ids, oldest first */
async function outboxRows(count: number, parked = true): Promise<string[]> {
  for (let n = 1; n <= count; n += 1) await appendThing(db, { aggregateId: `thing_${n}`, version: 1 });
  if (parked) {
    await db.query(`UPDATE outbox SET parked_at = '2026-11-21T10:00:00.5Z', attempts = 4, last_error = 'too large'`);
  }
  const rows = await db.query<{ id: string }>('SELECT id FROM outbox ORDER BY id');
  return rows.map(({ id }) => id);
}

const countActions = async (): Promise<number> => (await db.query('SELECT FROM audit_log')).length;
const operator = (json?: unknown, headers?: Record<string, string>): ApiRequest => ({
  as: 'operator',
  ...(json !== undefined && { json }),
  ...(headers && { headers }),
});

describe('GET /admin/outbox', () => {
  it('pages through the dead letters, oldest first', async () => {
    const ids = await outboxRows(5);
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const query = cursor === undefined ? '' : `&cursor=${String(cursor)}`;
      const { status, body } = await api.call('GET', `/admin/outbox?state=parked&limit=2${query}`, operator());
      expect(status).toBe(200);
      seen.push(...(body?.data as unknown[]));
      cursor = body?.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen.map((row) => (row as { id: string }).id)).toEqual(ids);
    expect(seen[0]).toEqual({
      id: ids[0],
      event_id: expect.stringMatching(/^evt/),
      type: 'thing.happened',
      aggregate_id: 'thing_1',
      shard: expect.any(Number),
      attempts: 4,
      last_error: 'too large',
      parked_at: '2026-11-21T10:00:00.500Z',
    });
  });

  it('lists dead letters by default', async () => {
    const ids = await outboxRows(2, false);
    expect((await api.call('GET', '/admin/outbox', operator())).body).toEqual({ data: [], next_cursor: null });
    const pending = await api.call('GET', '/admin/outbox?state=pending', operator());
    expect((pending.body?.data as { id: string }[]).map(({ id }) => id)).toEqual(ids);
  });

  it.each([
    ['an unknown state', '?state=lost'],
    ['a limit out of bounds', '?limit=201'],
    ['a cursor of another list', '?cursor=bm9uc2Vuc2U'],
    ['an unknown filter', '?shard=1'],
  ])('refuses %s', async (_, query) => {
    const { status, body } = await api.call('GET', `/admin/outbox${query}`, operator());
    expect([status, body?.code]).toEqual([422, 'validation_failed']);
  });
});

describe.each(['requeue', 'discard'])('POST /admin/outbox/{id}/%s', (verb) => {
  it('acts on a dead letter, in the name of the key', async () => {
    const [id = ''] = await outboxRows(1);
    const { status, body } = await api.call('POST', `/admin/outbox/${id}/${verb}`, operator(reason));
    expect([status, body?.id]).toEqual([200, id]);
    const actions = await db.query('SELECT actor, action, subject, reason FROM audit_log');
    expect(actions).toEqual([{ actor: api.operatorKeyId, action: `outbox.${verb}`, subject: id, ...reason }]);
  });

  it('answers 409 for a row that is not a dead letter, and changes nothing', async () => {
    const [id = ''] = await outboxRows(1, false);
    const { status, body } = await api.call('POST', `/admin/outbox/${id}/${verb}`, operator(reason));
    expect([status, body?.code]).toEqual([409, 'outbox_row_not_parked']);
    expect(await countActions()).toBe(0);
    expect(await db.query('SELECT FROM outbox')).toHaveLength(1);
  });

  it.each(['999999', '0', '-1', 'abc', '99999999999999999999', '%27%20OR%201=1'])(
    'is a 404 for the unknown row %s',
    async (id) => {
      const { status, body } = await api.call('POST', `/admin/outbox/${id}/${verb}`, operator(reason));
      expect([status, body?.code]).toEqual([404, 'outbox_row_not_found']);
    },
  );

  it.each([
    ['no reason', {}, '/reason'],
    ['an empty reason', { reason: '' }, '/reason'],
    ['a reason of 501 characters', { reason: 'x'.repeat(501) }, '/reason'],
    ['an unknown field', { ...reason, force: true }, '/force'],
  ])('is a 422 with %s', async (_, json, pointer) => {
    const [id = ''] = await outboxRows(1);
    const { status, body } = await api.call('POST', `/admin/outbox/${id}/${verb}`, operator(json));
    expect([status, body?.code]).toEqual([422, 'validation_failed']);
    expect((body?.errors as { pointer: string }[])[0]?.pointer).toBe(pointer);
    expect(await countActions()).toBe(0);
  });

  it('answers the same bytes to a repeat with the same Idempotency-Key, and does nothing twice', async () => {
    const [id = ''] = await outboxRows(1);
    const request = operator(reason, { 'idempotency-key': `${verb}-1` });
    const first = await api.call('POST', `/admin/outbox/${id}/${verb}`, request);
    const second = await api.call('POST', `/admin/outbox/${id}/${verb}`, request);
    expect([second.status, second.text]).toEqual([200, first.text]);
    expect(await countActions()).toBe(1);
  });

  it('is for operators only', async () => {
    const [id = ''] = await outboxRows(1);
    const path = `/admin/outbox/${id}/${verb}`;
    expect(await api.call('POST', path, { json: reason })).toMatchObject({ status: 401 });
    for (const as of ['service', 'customer'] as const) {
      expect(await api.call('POST', path, { as, json: reason })).toMatchObject({ status: 403 });
    }
    expect(await countActions()).toBe(0);
  });
});

describe('POST /admin/outbox/replay', () => {
  it.each([
    ['no range', { ...reason }, ''],
    ['no reason', { types: ['order.paid'] }, '/reason'],
    ['a time that is none', { ...reason, from: 'yesterday' }, '/from'],
    ['a version below 1', { ...reason, versions: { from: 0 } }, '/versions/from'],
    ['no type in the list', { ...reason, types: [] }, '/types'],
    ['an unknown field', { ...reason, types: ['order.paid'], topic: 'x' }, '/topic'],
  ])('is a 422 with %s', async (_, json, pointer) => {
    const { status, body } = await api.call('POST', '/admin/outbox/replay', operator(json));
    expect([status, body?.code]).toEqual([422, 'validation_failed']);
    expect((body?.errors as { pointer: string }[])[0]?.pointer).toBe(pointer);
  });

  it('is a 422 for a type that the registry does not know, and a 409 for a range without events', async () => {
    const unknown = { ...reason, types: ['order.plaid'] };
    expect(await api.call('POST', '/admin/outbox/replay', operator(unknown))).toMatchObject({
      status: 422,
      body: { code: 'unknown_event_type', detail: expect.stringContaining('order.plaid') },
    });
    const empty = { ...reason, types: ['order.paid'] };
    const refused = { status: 409, body: { code: 'nothing_to_replay' } };
    expect(await api.call('POST', '/admin/outbox/replay', operator(empty))).toMatchObject(refused);
    expect(await api.call('POST', '/admin/outbox/replay', operator({ ...empty, dry_run: true }))).toMatchObject(
      refused,
    );
  });

  it('is for operators only, as is how far it is', async () => {
    const json = { ...reason, types: ['order.paid'] };
    expect(await api.call('POST', '/admin/outbox/replay', { json })).toMatchObject({ status: 401 });
    expect(await api.call('POST', '/admin/outbox/replay', { as: 'service', json })).toMatchObject({ status: 403 });
    expect(await api.call('GET', '/admin/outbox', { as: 'service' })).toMatchObject({ status: 403 });
    expect(await api.call('GET', '/admin/outbox')).toMatchObject({ status: 401 });
    expect(await api.call('GET', '/admin/outbox/replays/rpl_1', operator())).toMatchObject({
      status: 404,
      body: { code: 'replay_not_found' },
    });
  });
});
