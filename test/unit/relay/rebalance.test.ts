import fc from 'fast-check';
import { createOwnedRelays, surplus } from '../../../src/outbox/ownership';
import { createDeferred } from '../../support/deferred';

test.each([
  ['alone', 4, null, 0],
  ['beside a new one', 4, 0, 2],
  ['beside a new one with its only group', 1, 0, 0],
  ['one group ahead', 3, 2, 0],
  ['two groups ahead', 4, 2, 1],
  ['behind', 1, 3, 0],
])('a worker %s, with %j groups beside %j, releases %j', (_, mine, fewest, released) => {
  expect(surplus(mine, fewest)).toBe(released);
});

test('workers come to differ by at most one group, and stay so, from any start', () => {
  const workers = fc.array(fc.integer({ min: 0, max: 16 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(workers, (owned) => {
      const groups = owned.reduce((sum, count) => sum + count, 0);
      for (let turn = 0; turn < 64; turn += 1) {
        const me = turn % owned.length;
        const released = surplus(owned[me] ?? 0, Math.min(...owned.filter((_, other) => other !== me)));
        for (let group = 0; group < released; group += 1) {
          owned[me] = (owned[me] ?? 0) - 1;
          const fewest = owned.indexOf(Math.min(...owned));
          owned[fewest] = (owned[fewest] ?? 0) + 1;
        }
      }
      expect(Math.max(...owned) - Math.min(...owned)).toBeLessThanOrEqual(1);
      expect(owned.reduce((sum, count) => sum + count, 0)).toBe(groups);
    }),
  );
});

test('a release ends the newest relays, which count until they have ended', async () => {
  const owned = createOwnedRelays();
  const released: string[] = [];
  const ends = createDeferred();
  const run = (name: string) =>
    owned.run(async (signal) => {
      signal.addEventListener('abort', () => released.push(name));
      await ends.promise;
    });
  const running = ['first', 'second', 'third'].map(run);
  expect(owned.count).toBe(3);
  owned.release(2);
  expect(released).toEqual(['third', 'second']);
  ends.resolve();
  await Promise.all(running);
  expect(owned.count).toBe(0);
});
