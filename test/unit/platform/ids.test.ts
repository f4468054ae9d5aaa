import { followClock } from '../../../src/platform/timing';
import { newId } from '../../../src/platform/values';

afterEach(() => followClock(() => Date.now()));

const timeOf = (id: string): number => parseInt(id.slice(4, 16), 16);

it('makes UUIDv7 that sort by time of making, also within a millisecond', () => {
  followClock(() => 1_800_000_000_000);
  const ids = Array.from({ length: 10_000 }, () => newId('ord'));
  expect(ids[0]).toMatch(/^ord_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(ids.length);
  expect(timeOf(ids.at(-1) ?? '')).toBe(1_800_000_000_000);
});

it('stays in order through a small step back of the clock, and follows a large one', () => {
  let now = 1_800_000_000_000;
  followClock(() => now);
  const first = newId('ord');
  now -= 500;
  const second = newId('ord');
  expect(second > first).toBe(true);
  now -= 3_600_000;
  expect(timeOf(newId('ord'))).toBe(now);
});
