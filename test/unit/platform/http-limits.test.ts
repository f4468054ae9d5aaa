import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import type { Mediator } from '../../../src/cqrs/mediator';
import { createAuthenticate } from '../../../src/http/api-keys';
import { limitSends } from '../../../src/http/limit-sends';
import { emptyIsNone, jsonOnly } from '../../../src/http/middleware';
import { answerError, type HttpEnv } from '../../../src/http/problem';
import type { Database } from '../../../src/platform/database/database';
import { createMetrics } from '../../../src/platform/metrics';
import { createDeferred } from '../../support/deferred';
import { silentLogger } from '../../support/logger';

const app = new Hono<HttpEnv>()
  .use(async (c, next) => {
    c.set('logger', silentLogger);
    await next();
  })
  .use(jsonOnly)
  .post('/optional', emptyIsNone, (c) => c.text(c.req.header('content-type') ?? 'none'))
  .post('/', async (c) => c.json(await c.req.json()));
app.onError(answerError);

const post = (path: string, headers: Record<string, string>, body?: string) =>
  app.request(path, { method: 'POST', headers, ...(body !== undefined && { body }) });

test.each([
  'application/json',
  'application/json ; charset=utf-8',
  'Application/JSON;charset="utf-8"',
  'application/json;',
  'application/merge-patch+json \t; a=b',
])('a body of the type %j is JSON', async (type) => {
  const answer = await post('/', { 'content-type': type, 'content-length': '7' }, '{"a":1}');
  expect([answer.status, await answer.text()]).toEqual([200, '{"a":1}']);
});

test.each(['text/plain', 'application/jsonx', 'application / json', 'application/x; json', 'text/json+xml', ''])(
  'a body of the type %j is not',
  async (type) => {
    expect((await post('/', { 'content-type': type, 'content-length': '7' }, '{"a":1}')).status).toBe(415);
  },
);

test('a body in a coding that is not undone is refused for that', async () => {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': '7' };
  const answer = await post('/', headers, '{"a":1}');
  expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'identity']);
});

test.each([
  ['of no length', { 'content-length': '0' }],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
])('an empty body %s is none where it is optional, whatever its type', async (_how, headers) => {
  for (const type of [{}, { 'content-type': 'application/json' }]) {
    const answer = await post('/optional', { ...headers, ...type });
    expect([answer.status, await answer.text()]).toEqual([200, 'none']);
  }
});

describe('requests beyond what the database can work on', () => {
  const message = {} as Parameters<Mediator['send']>[0];
  const customer = { principal: { role: 'customer', keyId: 'key', customerId: 'cus' } } as const;
  const operator = { principal: { role: 'operator', keyId: 'key' } } as const;

  it('wait in a bounded number and for a bounded time, and are refused then; an operator is not', async () => {
    const end = createDeferred();
    const send = jest.fn(() => end.promise);
    const metrics = createMetrics();
    const limits = { running: 1, waiting: 1, waitMs: 10, isUrgent: () => false };
    const limited = limitSends({ send } as Partial<Mediator> as Mediator, limits, metrics);
    const first = limited.send(message, customer);
    const refused = { code: 'overloaded', extra: { retry_after: 1 } };
    const late = limited.send(message, customer);
    await expect(limited.send(message, customer)).rejects.toMatchObject(refused);
    await expect(late).rejects.toMatchObject(refused);
    expect(send).toHaveBeenCalledTimes(1);
    const acts = [limited.send(message, operator), limited.send(message)];
    expect(send).toHaveBeenCalledTimes(3);
    end.resolve();
    await Promise.all([first, ...acts]);
    expect(await metrics.render()).toContain('paysaga_http_shed_total 2');
  });

  it('sends what is urgent before what has waited longer', async () => {
    const end = createDeferred();
    const sent: unknown[] = [];
    const send = async (asked: unknown): Promise<void> => {
      sent.push(asked);
      await end.promise;
    };
    const urgent = { ...message };
    const limits = { running: 1, waiting: 1, waitMs: 60_000, isUrgent: (asked: unknown) => asked === urgent };
    const limited = limitSends({ send } as unknown as Mediator, limits, createMetrics());
    const all = [message, message, urgent].map((asked) => limited.send(asked, customer));
    end.resolve();
    await Promise.all(all);
    expect(sent.map((asked) => asked === urgent)).toEqual([false, true, false]);
  });
});

describe('keys', () => {
  const token = (n: number): string => `key_${n.toString(16).padStart(32, '0')}.${'s'.repeat(43)}`;

  it('that are none of ours are one query at a time, and push no good one out', async () => {
    // However long the machine takes, nothing is forgotten by its age.
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    const good = { key_id: token(0).split('.')[0], role: 'service', customer_id: null };
    const hash = createHash('sha256').update(token(0)).digest('base64url');
    let running = 0;
    let most = 0;
    const findMany = jest.fn(async ({ where }: { where: { key_id: { in: string[] } } }) => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running -= 1;
      return where.key_id.in.includes(String(good.key_id)) ? [{ ...good, hash }] : [];
    });
    const authenticate = createAuthenticate({ apiKey: { findMany } } as object as Database);
    expect(await authenticate(token(0))).toMatchObject({ role: 'service' });
    const tried = Array.from({ length: 12_000 }, (_, index) => authenticate(token(index + 1)));
    expect((await Promise.all(tried)).some(Boolean)).toBe(false);
    expect(most).toBe(1);
    const queries = findMany.mock.calls.length;
    expect(queries).toBeLessThan(50);
    expect(await authenticate(token(0))).toMatchObject({ role: 'service' });
    expect(await authenticate(token(12_000))).toBeUndefined();
    expect(findMany).toHaveBeenCalledTimes(queries);
    clock.mockRestore();
  });
});
