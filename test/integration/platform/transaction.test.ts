import { inTransaction } from '../../../src/platform/database/database';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let test: TestDatabase;
beforeAll(async () => (test = await createTestDatabase()));
afterAll(() => test.close());

describe('a transaction', () => {
  it.each([
    ['a raw statement', () => test.database.$queryRawUnsafe('SELECT 1')],
    ["Prisma's client", () => test.database.product.findMany()],
    ['another transaction', () => inTransaction(test.database, async () => undefined)],
  ])('that asks for a second connection by %s fails at once', async (_, ask) => {
    await expect(inTransaction(test.database, ask)).rejects.toThrow('asked for a second connection');
  });

  it('uses its own connection as often as it likes', async () => {
    const counts = await inTransaction(test.database, async (tx) => [
      await tx.product.count(),
      await tx.product.count(),
    ]);
    expect(counts).toEqual([0, 0]);
  });
});
