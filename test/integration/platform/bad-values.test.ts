import { Hono } from 'hono';
import { answerError, type HttpEnv } from '../../../src/http/problem';
import { encodeCursor } from '../../../src/platform/values';
import { type ApiAnswer, createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await createTestApi(db.database);
});
afterAll(() => db.close());

const get = (path: string): Promise<ApiAnswer> => api.call('GET', path, { as: 'operator' });
const replay = (json: object): Promise<ApiAnswer> =>
  api.call('POST', '/admin/outbox/replay', { as: 'operator', json: { reason: 'a test', dry_run: true, ...json } });
const outcome = ({ status, body }: ApiAnswer): unknown[] => [status, body?.code];
const refused = [422, 'validation_failed'];

describe('a time that no column can keep', () => {
  it.each(['0000-01-01', '10000-01-01', '-000001-01-01', '2026-02-30', '2026-11-21T00:00:00Z', '%00', ''])(
    'is refused as a day of sales: %j',
    async (day) => {
      expect(outcome(await get(`/analytics/sales?from=${day}`))).toEqual(refused);
      expect(outcome(await get(`/analytics/sales?to=${day}`))).toEqual(refused);
    },
  );

  it('is not made of the first and last days that there are', async () => {
    for (const query of ['from=0001-01-01', 'to=0001-01-01', 'from=9999-12-31&to=0001-01-01', 'to=9999-12-31']) {
      const { status, text } = await get(`/analytics/sales?${query}`);
      expect([status, text]).toEqual([200, '[]']);
    }
  });

  it.each([
    '0000-01-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-11-21',
    '2026-11-21T09:30:00',
    '\u0000',
    'infinity',
    0,
  ])('is refused as the bound of a replay: %j', async (time) => {
    expect(outcome(await replay({ from: time }))).toEqual(refused);
    expect(outcome(await replay({ to: time }))).toEqual(refused);
  });

  it.each([
    '2026-11-21T09:30:00+23:59',
    '2026-11-21T09:30:00-23:59',
    `2026-11-21T09:30:00.${'9'.repeat(400)}Z`,
    '0001-01-01T00:00:00+23:59',
    '9999-12-31T23:59:59-23:59',
  ])('is not made of what RFC 3339 allows: %s', async (time) => {
    const empty = [409, 'nothing_to_replay'];
    expect(outcome(await replay({ from: time, types: ['nothing'] }))).toEqual([422, 'unknown_event_type']);
    expect(outcome(await replay({ from: time }))).toEqual(empty);
    expect(outcome(await replay({ to: time }))).toEqual(empty);
  });
});

it.each([3_000_000_000, 2_147_483_648, 0, -1, 1.5, 1e300, '1', null])(
  'refuses the version %j, which no event can have',
  async (version) => {
    expect(outcome(await replay({ versions: { from: version } }))).toEqual(refused);
    expect(outcome(await replay({ versions: { to: version } }))).toEqual(refused);
  },
);

it.each([{}, { versions: {} }, { aggregate_ids: [] }, { types: [] }])(
  'does not take %j for a criterion of a replay: it would be the whole log',
  async (range) => expect(outcome(await replay(range))).toEqual(refused),
);

const lists = ['/orders', '/sagas', '/admin/outbox', '/admin/dead-letters', '/admin/reconciliation'];
const LONE = '\ud800';
const positions: unknown[] = [
  ['\u0000'],
  [LONE],
  [''],
  ['x'.repeat(101)],
  ['0'],
  ['9'.repeat(30)],
  [1],
  [null],
  [{}],
  ['not a date', 'x'],
  ['0000-01-01T00:00:00.000Z', 'x'],
  ['2026-11-21T09:30:00.000Z', '\u0000'],
  ['2026-11-21T09:30:00.000Z', LONE],
  ['infinity', 'payment_not_captured', 'x'],
  ['2026-11-21T09:30:00.000Z', 'no kind', 'x'],
  ['2026-11-21T09:30:00.000Z', 'constructor', '\u0000'],
  [],
  {},
  null,
  'text',
];

describe.each(lists)('a cursor of GET %s', (path) => {
  const withCursor = (cursor: string) => get(`${path}?cursor=${encodeURIComponent(cursor)}`);

  it.each(positions)('that holds %j is refused, or a place of the list', async (position) => {
    const cursor = Buffer.from(JSON.stringify(position)).toString('base64url');
    const answer = await withCursor(cursor);
    const isPlace = Array.isArray(position) && position.length === 1 && ['0', '9'.repeat(30)].includes(position[0]);
    if (isPlace && answer.status === 200) return;
    expect([outcome(answer), answer.body?.errors]).toEqual([
      refused,
      [{ pointer: '/cursor', message: 'is not a cursor of this list' }],
    ]);
  });

  it.each(['', '\u0000', 'ä', 'bm9uc2Vuc2U', 'W10=', '[]', 'x'.repeat(1_001)])(
    'that is %j is refused',
    async (cursor) => {
      expect(outcome(await withCursor(cursor))).toEqual(refused);
    },
  );

  it('of another list is refused', async () => {
    const now = '2026-11-21T09:30:00.000Z';
    const cursors: Record<string, string> = {
      '/orders': encodeCursor(['ord_1']),
      '/sagas': encodeCursor([now, 'payment-pay_1']),
      '/admin/reconciliation': encodeCursor([now, 'uncaptured', 'ord_1']),
    };
    for (const [other, cursor] of Object.entries(cursors)) {
      if (other !== path) expect(outcome(await withCursor(cursor))).toEqual(refused);
    }
  });
});

it.each(['0', '201', '-1', '1.5', '1e1', '0x10', '%205', '5%20', '', 'NaN', '9'.repeat(400), '%00', '5&limit=6'])(
  'refuses the limit %j',
  async (limit) => {
    for (const path of lists) expect(outcome(await get(`${path}?limit=${limit}`))).toEqual(refused);
  },
);

it.each(['%00', '%ED%A0%80', '%0A', 'x'.repeat(101), '%F0%9F%98%80'.repeat(101)])(
  'has nothing under the id %s, and asks no database for it',
  async (id) => {
    const paths = [`/orders/${id}`, `/orders/${id}/events`, `/sagas/${id}`, `/admin/outbox/replays/${id}`];
    for (const path of paths) expect([404, 422]).toContain((await get(path)).status);
    for (const path of [`/orders/${id}/cancel`, `/orders/${id}/refunded`, `/sagas/${id}/restart`]) {
      const json = path.endsWith('cancel')
        ? {}
        : { reason: 'a test', ...(path.endsWith('refunded') && { reference: 'x' }) };
      expect([404, 422]).toContain((await api.call('POST', path, { as: 'operator', json })).status);
    }
  },
);

it.each(['999999999999999999', '9223372036854775808', '9'.repeat(30), '0', '-1', 'x', '1e3'])(
  'has no outbox row %s',
  async (id) => {
    for (const act of ['requeue', 'discard']) {
      const answer = await api.call('POST', `/admin/outbox/${id}/${act}`, {
        as: 'operator',
        json: { reason: 'a test' },
      });
      expect(outcome(answer)).toEqual([404, 'outbox_row_not_found']);
    }
  },
);

describe('the net below the schemas', () => {
  it.each([
    ['a NUL', `SELECT $1::text`, '\u0000'],
    ['a number out of range', `SELECT $1::int4`, '3000000000'],
    ['a time of the year 0', `SELECT $1::timestamptz`, '0000-01-01'],
    ['no number', `SELECT $1::int4`, 'x'],
  ])('answers 422 for %s that gets through to the database', async (_, sql, value) => {
    const app = new Hono<HttpEnv>();
    app.onError((error, c) => {
      c.set('logger', silentLogger);
      return answerError(error, c);
    });
    app.get('/', async (c) => c.json(await db.database.$queryRawUnsafe(sql, value)));
    const response = await app.request('/');
    expect([response.status, await response.json()]).toMatchObject([422, { code: 'validation_failed' }]);
  });
});
