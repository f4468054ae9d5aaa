import { followDatabaseClock, readDatabaseClock } from '../../../src/platform/database/database-clock';
import type { Queryable } from '../../../src/platform/database/statements';
import { followClock, nowMs, systemClock } from '../../../src/platform/timing';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterEach(() => followClock(() => Date.now()));
afterAll(() => test.close());

it("reads the database's clock, whatever the process's own says", async () => {
  followClock(() => Date.now() - 3_600_000);
  await readDatabaseClock(test.database);
  const [row] = await test.query<{ off: number }>(
    'SELECT abs(extract(epoch FROM clock_timestamp() - $1::timestamptz))::float8 AS off',
    systemClock(),
  );
  expect(row?.off).toBeLessThan(1);
  expect(Number.isInteger(nowMs())).toBe(true);
});

it('waits for a first look that is slow, takes it, and a better one soon after', async () => {
  const over = new AbortController();
  const looks: number[] = [];
  const database: Queryable = {
    $executeRawUnsafe: () => Promise.reject(new Error('not asked')),
    async $queryRawUnsafe<T>(sql: string): Promise<T> {
      if (!sql.includes('clock_timestamp')) return [] as T;
      looks.push(looks.length === 0 ? 1_000_000 : 9_000_000);
      if (looks.length === 1) await new Promise((resolve) => setTimeout(resolve, 1_500));
      return [{ ms: looks.at(-1) }] as T;
    },
  };
  await followDatabaseClock({ database, logger: silentLogger, signal: over.signal });
  expect(nowMs()).toBeGreaterThanOrEqual(1_000_000);
  expect(nowMs()).toBeLessThan(1_010_000);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  over.abort();
  expect(looks).toHaveLength(2);
  expect(nowMs()).toBeGreaterThanOrEqual(9_000_000);
});

it('does not hold up a start while the database is away, and looks again until it is back', async () => {
  const over = new AbortController();
  let asked = 0;
  const database: Queryable = {
    $executeRawUnsafe: () => Promise.reject(new Error('not asked')),
    async $queryRawUnsafe<T>(): Promise<T> {
      asked += 1;
      if (asked === 1) throw new Error('away');
      return [{ ms: 1_000_000 }] as T;
    },
  };
  const began = performance.now();
  await followDatabaseClock({ database, logger: silentLogger, signal: over.signal });
  expect(performance.now() - began).toBeLessThan(2_000);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  over.abort();
  expect(nowMs()).toBeGreaterThanOrEqual(1_000_000);
  expect(nowMs()).toBeLessThan(1_010_000);
});
