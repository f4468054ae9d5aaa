import fc from 'fast-check';
import { rowBackoff } from '../../../src/outbox/acknowledge';

const longest = (attempts: number, multiplier = 2): number => rowBackoff({ attempts, multiplier, random: () => 1 });
const shortest = (attempts: number, multiplier = 2): number => rowBackoff({ attempts, multiplier, random: () => 0 });

test('waits the configured multiple after each attempt', () => {
  expect([0, 1, 2, 3].map((attempts) => longest(attempts))).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect([0, 1, 2].map((attempts) => longest(attempts, 1))).toEqual([1_000, 1_000, 1_000]);
});

test('waits at least half as long, whatever the jitter', () => {
  expect([0, 1, 2].map((attempts) => shortest(attempts))).toEqual([500, 1_000, 2_000]);
});

test('never waits longer than an hour, within all bounds of the settings', () => {
  const bounds = fc.record({
    attempts: fc.integer({ min: 0, max: 100 }),
    multiplier: fc.double({ min: 1, max: 10, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(bounds, ({ attempts, multiplier, jitter }) => {
      const ms = rowBackoff({ attempts, multiplier, random: () => jitter });
      expect(Number.isInteger(ms)).toBe(true);
      expect(ms).toBeGreaterThanOrEqual(500);
      expect(ms).toBeLessThanOrEqual(3_600_000);
    }),
  );
});
