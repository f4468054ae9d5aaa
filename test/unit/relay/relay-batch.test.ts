import { composeBatch, defaultLimits } from '../../../src/outbox/batch';
import type { PendingRow } from '../../../src/outbox/relay.sql';
import { pendingRow, thingRegistry } from '../../support/outbox/outbox';

const registry = thingRegistry('things');
const row = (id: number, aggregate_id: string, change: Partial<PendingRow> = {}) =>
  pendingRow({ id: String(id), aggregate_id, ...change });
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => Number(id));
const ofBytes = (bytes: number) => ({ payload: 'x'.repeat(bytes) });

test('takes all rows in their order when they fit', () => {
  const batch = composeBatch([row(1, 'a'), row(2, 'b'), row(3, 'a')], registry);
  expect(ids(batch.rows)).toEqual([1, 2, 3]);
  expect(batch.topics.map(({ topic, messages }) => [topic, messages.map(({ key }) => key)])).toEqual([
    ['things', ['a', 'b', 'a']],
  ]);
});

test('stops at the first row that would make its topic too large', () => {
  const big = ofBytes(defaultLimits.maxTopicBytes / 2);
  const batch = composeBatch([row(1, 'a', big), row(2, 'b', big), row(3, 'c')], registry);
  expect(ids(batch.rows)).toEqual([1]);
  expect(batch.failed).toEqual([]);
});

test('sends a row alone that is larger than a batch may be', () => {
  const batch = composeBatch([row(1, 'a', ofBytes(defaultLimits.maxTopicBytes + 1)), row(2, 'b')], registry);
  expect(ids(batch.rows)).toEqual([1]);
});

test('leaves out a row that Kafka cannot take, and the later ones of its aggregate', () => {
  const tooBig = ofBytes(defaultLimits.maxMessageBytes);
  const batch = composeBatch([row(1, 'a'), row(2, 'a', tooBig), row(3, 'a'), row(4, 'b')], registry);
  expect(ids(batch.rows)).toEqual([1, 4]);
  expect(batch.failed.map(({ row: { id }, error }) => [id, String(error)])).toEqual([
    ['2', expect.stringContaining('Kafka takes at most')],
  ]);
});

test('leaves out a row whose type has no topic', () => {
  const batch = composeBatch([row(1, 'a', { type: 'thing.unknown' }), row(2, 'a'), row(3, 'b')], registry);
  expect(ids(batch.rows)).toEqual([3]);
  expect(ids(batch.failed.map((failed) => failed.row))).toEqual([1]);
});
