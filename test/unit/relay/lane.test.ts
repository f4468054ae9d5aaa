import fc from 'fast-check';
import { LANES, laneOf } from '../../../src/outbox/lane';

test('an aggregate’s lane never changes: it is stored with its rows', () => {
  expect(['ord_1', 'ord_2', 'inv_1', 'thing'].map(laneOf)).toEqual([11, 1, 2, 3]);
});

test('every id has a lane', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      expect(laneOf(id)).toBeGreaterThanOrEqual(0);
      expect(laneOf(id)).toBeLessThan(LANES);
    }),
  );
});
