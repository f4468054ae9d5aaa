import { createTestApi } from '../support/api';
import { createTestDatabase, type TestDatabase } from '../support/database';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

it('has no webhook where no secret is configured, with whatever key it is asked for', async () => {
  const api = await createTestApi(db.database);
  for (const as of [undefined, 'service', 'operator'] as const) {
    const answer = await api.call('POST', '/webhooks/payments', { json: {}, ...(as && { as }) });
    expect([answer.status, answer.body]).toMatchObject([404, { code: 'not_found' }]);
  }
});
