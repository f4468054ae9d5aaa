import { CloudEvent, Kafka as KafkaBinding } from 'cloudevents';
import { SOURCE, toEventMessage } from '../../../src/kafka/cloud-events';
import { NewerDataVersion, readEvent, UnreadableMessage } from '../../../src/kafka/received-event';
import { pendingRow, thingRegistry } from '../../support/outbox/outbox';

const row = pendingRow({
  event_id: 'evt_7',
  aggregate_id: 'thing_1',
  version: 7,
  payload: '{"n": 7, "text": "Grüße"}',
  causation_id: 'evt_6',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
});
const registry = thingRegistry('things');
const received = (message = toEventMessage(row)) => ({ ...message, value: Buffer.from(message.value) });

test('an event becomes a message with exactly the headers of the contract', () => {
  expect(toEventMessage(row)).toEqual({
    key: 'thing_1',
    value: '{"n": 7, "text": "Grüße"}',
    headers: {
      'content-type': 'application/json',
      ce_id: 'evt_7',
      ce_type: 'com.paysaga.thing.happened',
      ce_specversion: '1.0',
      ce_source: SOURCE,
      ce_subject: 'thing_1',
      ce_time: '2026-11-21T10:00:00.123Z',
      ce_dataversion: '1',
      ce_sequence: '7',
      ce_correlationid: 'req_1',
      ce_causationid: 'evt_6',
      ce_traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  });
});

test('an event without cause and trace has no headers for them', () => {
  const { headers } = toEventMessage(pendingRow());
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['ce_causationid']));
  expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['ce_traceparent']));
});

test('an event that is published again says by which replay, and is read as the same event', () => {
  const again = toEventMessage({ ...row, replay_id: 'rpl_1' });
  expect(again).toEqual({ ...toEventMessage(row), headers: { ...toEventMessage(row).headers, ce_replayid: 'rpl_1' } });
  expect(readEvent(received(again), registry)).toEqual(readEvent(received(), registry));
});

test('the cloudevents library reads the message as the valid event that it would have made itself', () => {
  const message = toEventMessage(row);
  const read = KafkaBinding.toEvent({ ...message, body: message.value }) as CloudEvent<unknown>;
  const made = new CloudEvent({
    id: 'evt_7',
    type: 'com.paysaga.thing.happened',
    source: SOURCE,
    subject: 'thing_1',
    time: '2026-11-21T10:00:00.123Z',
    datacontenttype: 'application/json',
    dataversion: '1',
    sequence: '7',
    correlationid: 'req_1',
    causationid: 'evt_6',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    partitionkey: 'thing_1',
    data: { n: 7, text: 'Grüße' },
  });
  expect(read.validate()).toBe(true);
  expect(read.toJSON()).toEqual(made.toJSON());
});

test('reads in binary mode what was written', () => {
  expect(readEvent(received(), registry)).toEqual({
    event_id: 'evt_7',
    type: 'thing.happened',
    data_version: 1,
    aggregate_id: 'thing_1',
    version: 7,
    occurred_at: '2026-11-21T10:00:00.123Z',
    correlation_id: 'req_1',
    causation_id: 'evt_6',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    payload: { n: 7, text: 'Grüße' },
  });
});

test('reads structured mode as the same event', () => {
  const message = toEventMessage(row);
  const event = KafkaBinding.toEvent({ ...message, body: message.value }) as CloudEvent<unknown>;
  const structured = KafkaBinding.structured(event);
  const value = Buffer.from(String(structured.value));
  const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
  expect(readEvent({ key: 'thing_1', value, headers }, registry)).toEqual(readEvent(received(), registry));
});

const withHeaders = (change: Record<string, string>) =>
  received({ ...toEventMessage(row), headers: { ...toEventMessage(row).headers, ...change } });

test.each([
  ['without a value', { ...received(), value: null }, 'no value'],
  ['that is not JSON', { ...received(), value: Buffer.from('{') }, 'not JSON'],
  ['with a payload of another shape', { ...received(), value: Buffer.from('{"n":7}') }, 'Payload of thing.happened'],
  [
    'with an unknown field',
    { ...received(), value: Buffer.from('{"n":7,"text":"","x":1}') },
    'Payload of thing.happened',
  ],
  ['without headers', { ...received(), headers: {} }, 'Not a CloudEvent'],
  [
    'of an unknown type',
    withHeaders({ ce_type: 'com.paysaga.thing.unknown' }),
    'com.paysaga.thing.unknown is not known',
  ],
  ['of another product', withHeaders({ ce_type: 'org.example.thing' }), 'not an event of this service'],
  ['with a version that is no number', withHeaders({ ce_sequence: 'first' }), 'Not an event of this service'],
  ['with a time that is none', withHeaders({ ce_time: 'yesterday' }), 'cannot be read'],
  ['of a batch', withHeaders({ 'content-type': 'application/cloudevents-batch+json' }), 'cannot be read'],
])('a message %s cannot be read, and its error gives the reason', (_, message, reason) => {
  expect(() => readEvent(message, registry)).toThrow(UnreadableMessage);
  expect(() => readEvent(message, registry)).toThrow(reason);
});

test('a message of a newer data version is refused as newer, because a later deploy reads it', () => {
  const read = () => readEvent(withHeaders({ ce_dataversion: '2' }), registry);
  expect(read).toThrow(NewerDataVersion);
  expect(read).toThrow('newer than the 1 known');
});
