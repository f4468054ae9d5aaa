import { createTestApi } from '../../support/api';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.close());

it.each(['payments', 'stripe'])(
  'has no webhook /%s where its secret is not configured, with whatever key',
  async (name) => {
    const api = await createTestApi(db.database);
    for (const as of [undefined, 'service', 'operator'] as const) {
      const answer = await api.call('POST', `/webhooks/${name}`, { json: {}, ...(as && { as }) });
      expect([answer.status, answer.body]).toMatchObject([404, { code: 'not_found' }]);
    }
  },
);
