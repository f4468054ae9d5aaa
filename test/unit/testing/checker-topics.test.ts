import { findViolations } from '../../../testing/checker/checker';
import type { TopicMessage } from '../../../testing/checker/topic-reader';
import { checkDuplicates } from '../../../testing/checker/topic-rules';
import { paidOrderSnapshot } from '../../support/sagas/paid-order-snapshot';

const sound = paidOrderSnapshot();
const isFulfilled = ({ headers }: TopicMessage): boolean => headers.ce_id === 'evt_order_3';
const fulfilled = sound.messages.find(isFulfilled);
if (!fulfilled) throw new Error('The order of the snapshot is fulfilled.');

const changed = (change: Partial<TopicMessage>) =>
  sound.messages.map((message) => (isFulfilled(message) ? { ...message, ...change } : message));
const withHeader = (name: string, value: string) => changed({ headers: { ...fulfilled.headers, [name]: value } });

const somethingElse = /says something else than event evt_order_3/;
const broken: [rule: string, messages: TopicMessage[], violation: RegExp][] = [
  ['another payload', changed({ value: '{"order_id":"ord_2"}' }), somethingElse],
  ['another topic', changed({ topic: 'paysaga.invoice' }), somethingElse],
  ['another key', changed({ key: 'ord_2' }), somethingElse],
  ['another type', withHeader('ce_type', 'com.paysaga.order.paid'), somethingElse],
  ['another version', withHeader('ce_sequence', '4'), somethingElse],
  ['another time', withHeader('ce_time', '2026-11-21T09:30:00.001Z'), somethingElse],
  ['another source', withHeader('ce_source', '/elsewhere'), somethingElse],
  ['a cause that it did not have', withHeader('ce_causationid', 'evt_x'), somethingElse],
  ['another partition', changed({ partition: fulfilled.partition + 1 }), /is in 2 partitions/],
  ['no first time, only a replay', withHeader('ce_replayid', 'rep_1'), /evt_order_3 .* is not on Kafka/],
  ['an id that no event has', withHeader('ce_id', 'evt_unknown'), /is not an event of the log/],
];

test.each(broken)('the checker finds a message with %s', (_, messages, violation) => {
  expect(findViolations({ ...sound, messages }).join('\n')).toMatch(violation);
});

const ofOrder = (...versions: number[]): TopicMessage[] => [
  ...sound.messages.filter(({ topic }) => topic !== 'paysaga.order'),
  ...versions.flatMap((version) =>
    sound.messages.filter(({ topic, headers }) => topic === 'paysaga.order' && headers.ce_sequence === String(version)),
  ),
];

test.each([[[1, 2, 1, 3]], [[1, 2, 1, 2, 3, 1]]])(
  'the checker lets a fenced relay’s last batch pass: %j',
  (versions) => {
    expect(findViolations({ ...sound, messages: ofOrder(...versions) })).toEqual([]);
  },
);

test.each([[[1, 2, 3, 1, 3]], [[2, 1, 2, 3]], [[1, 3, 2, 3]]])('the checker finds the order %j', (versions) => {
  expect(findViolations({ ...sound, messages: ofOrder(...versions) }).join()).toMatch(/came in the order/);
});

describe('the bound on duplicates', () => {
  const twice = [...sound.messages, ...sound.messages];
  const enough = { faults: 1, shards: 1, batchSize: sound.messages.length };

  it('holds for a batch that was sent again', () => {
    expect(checkDuplicates(twice, enough)).toEqual([]);
    expect(checkDuplicates(sound.messages, { ...enough, faults: 0 })).toEqual([]);
  });

  it.each([
    ['no fault', { ...enough, faults: 0 }],
    ['smaller batches', { ...enough, batchSize: sound.messages.length - 1 }],
  ])('is broken by the same messages with %s', (_, bound) => {
    expect(checkDuplicates(twice, bound).join()).toMatch(/came twice/);
  });
});
