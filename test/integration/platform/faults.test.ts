import { createFaults } from '../../../src/platform/faults';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { silentLogger } from '../../support/logger';

const PASSES = 1_000;
const point = 'inventory.reserve';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterEach(() => db.query('DELETE FROM fault'));
afterAll(() => db.close());

const faultsOf = () => createFaults({ database: db.database, enabled: true, logger: silentLogger });

/** Passes the point so many times. @returns how many passes were hit */
async function hits(passes: number): Promise<number> {
  const faults = faultsOf();
  let hit = 0;
  for (let pass = 0; pass < passes; pass += 1) await faults.pass(point).catch(() => (hit += 1));
  return hit;
}

const timesLeft = () => db.query<{ times: number }>('SELECT times FROM fault WHERE point = $1', point);

it('a fault point without a probability hits every pass, as often as it is armed', async () => {
  await faultsOf().arm({ point, kind: 'error', times: 20 });
  expect(await hits(25)).toBe(20);
  expect(await timesLeft()).toEqual([{ times: 0 }]);
});

it('a fault point with the probability 0.5 hits about half of its passes, and spared passes count', async () => {
  await faultsOf().arm({ point, kind: 'refuse', times: PASSES, probability: 0.5 });
  const half = await hits(PASSES);
  expect(half).toBeGreaterThan(350);
  expect(half).toBeLessThan(650);
  expect(await timesLeft()).toEqual([{ times: 0 }]);
  expect(await hits(50)).toBe(0);
});

it('arming a fault point again replaces its probability', async () => {
  await faultsOf().arm({ point, kind: 'error', times: 5, probability: 1e-300 });
  expect(await hits(5)).toBe(0);
  await faultsOf().arm({ point, kind: 'error', times: 5 });
  expect(await hits(5)).toBe(5);
});

it.each([0, -0.5, 1.5])('the database refuses the probability %d', async (probability) => {
  await expect(faultsOf().arm({ point, kind: 'error', times: 1, probability })).rejects.toThrow();
});
