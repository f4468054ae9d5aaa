import { createBackoff } from '../../../src/platform/timing';

test('doubles up to its limit, and starts again after a reset', () => {
  const backoff = createBackoff({ initialMs: 100, maxMs: 500, random: () => 1 });
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([100, 200, 400, 500, 500]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test('waits at least half as long, whatever the jitter', () => {
  const backoff = createBackoff({ initialMs: 100, maxMs: 500, random: () => 0 });
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([50, 100, 200]);
});
