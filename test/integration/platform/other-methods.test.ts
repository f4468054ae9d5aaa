import { createTestApi, type TestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let db: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  db = await createTestDatabase();
  api = await createTestApi(db.database);
});
afterAll(() => db.close());

interface OpenApi {
  readonly paths: Record<string, Record<string, { responses: Record<string, unknown>; security?: readonly unknown[] }>>;
}

it('answers 405 with Allow to every other method of every path, and 401 first where a key is needed', async () => {
  const { paths } = (await api.call('GET', '/openapi.json')).body as never as OpenApi;
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND'];
  for (const [pattern, operations] of Object.entries(paths)) {
    const path = pattern.replaceAll(/\{\w+\}/g, 'x');
    const allowed = Object.keys(operations).map((method) => method.toUpperCase());
    if (allowed.includes('GET')) allowed.push('HEAD');
    for (const method of methods.filter((method) => !allowed.includes(method))) {
      const answer = await api.call(method, path, { as: 'customer' });
      expect([method, path, answer.status]).toEqual([method, path, 405]);
      if (method !== 'HEAD') expect(answer.body?.code).toBe('method_not_allowed');
      expect(answer.headers.get('allow')).toBe(allowed.sort().join(', '));
      const { status } = await api.call(method, path);
      expect([method, path, status]).toEqual([
        method,
        path,
        Object.values(operations)[0]?.security?.length ? 401 : 405,
      ]);
    }
    for (const { responses } of Object.values(operations)) expect(responses).toHaveProperty('405');
  }
});

it.each(['/docs', '/openapi.json', '/docs/swagger-ui.css'])('does so at %s, which has no schema', async (path) => {
  const answer = await api.call('POST', path);
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

it.each(['/', '/nothing', '/orders/x/y/z', '/docs/__proto__', '/docs/constructor', '/webhooks/payments', '/%00'])(
  'finds nothing at %s, by whatever method',
  async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect((await api.call(method, path, { as: 'operator' })).body).toMatchObject({ code: 'not_found' });
    }
  },
);
