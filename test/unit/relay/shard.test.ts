import fc from 'fast-check';
import { SHARDS, shardOf } from '../../../src/events/append';

test('an aggregate’s shard never changes: it is stored with its rows', () => {
  expect(['ord_1', 'ord_2', 'inv_1', 'thing'].map(shardOf)).toEqual([11, 1, 2, 3]);
});

test('every id has a shard', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      expect(shardOf(id)).toBeGreaterThanOrEqual(0);
      expect(shardOf(id)).toBeLessThan(SHARDS);
    }),
  );
});
