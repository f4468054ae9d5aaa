import fc from 'fast-check';
import { createHeldRelays } from '../../../src/outbox/spread/held-relays';
import { surplus } from '../../../src/outbox/spread/spread-relays';
import { createDeferred } from '../../support/deferred';

test.each([
  ['the only one', 4, null, 0],
  ['one beside a newcomer', 4, 0, 2],
  ['one with a single group beside a newcomer', 1, 0, 0],
  ['one that has one more', 3, 2, 0],
  ['one that has two more', 4, 2, 1],
  ['one that has fewer', 1, 3, 0],
])('a worker that is %s, with %j groups beside %j, gives back %j', (_, mine, fewest, given) => {
  expect(surplus(mine, fewest)).toBe(given);
});

test('workers come to differ by one group at most, and stay so, whoever has what at first', () => {
  const workers = fc.array(fc.integer({ min: 0, max: 16 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(workers, (held) => {
      const groups = held.reduce((sum, count) => sum + count, 0);
      for (let turn = 0; turn < 64; turn += 1) {
        const me = turn % held.length;
        const given = surplus(held[me] ?? 0, Math.min(...held.filter((_, other) => other !== me)));
        for (let group = 0; group < given; group += 1) {
          held[me] = (held[me] ?? 0) - 1;
          const fewest = held.indexOf(Math.min(...held));
          held[fewest] = (held[fewest] ?? 0) + 1;
        }
      }
      expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
      expect(held.reduce((sum, count) => sum + count, 0)).toBe(groups);
    }),
  );
});

test('the newest relays are told to end, and no longer count once they have', async () => {
  const held = createHeldRelays();
  const told: string[] = [];
  const ends = createDeferred();
  const run = (name: string) =>
    held.hold(async (giveBack) => {
      giveBack.addEventListener('abort', () => told.push(name));
      await ends.promise;
    });
  const running = ['first', 'second', 'third'].map(run);
  expect(held.count).toBe(3);
  held.giveBack(2);
  expect(told).toEqual(['third', 'second']);
  ends.resolve();
  await Promise.all(running);
  expect(held.count).toBe(0);
});
