import { type CloudEvent, Kafka as KafkaBinding } from 'cloudevents';
import { createEventRegistry } from '../../../src/events/registry';
import { encoderOf, toEventMessage, toStructuredMessage } from '../../../src/kafka/cloud-events';
import { readEvent, UnreadableMessage } from '../../../src/kafka/received-event';
import { composeBatch, defaultLimits } from '../../../src/outbox/batch';
import { pendingRow, thingHappened, thingRegistry } from '../../support/outbox/outbox';

const row = pendingRow({
  event_id: 'evt_7',
  aggregate_id: 'thing_1',
  version: 7,
  payload: '{"n": 7, "text": "Grüße \\" \\\\ \\u2028"}',
  causation_id: 'evt_6',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
});
const registry = thingRegistry('things');
const ofShop = createEventRegistry([thingHappened('things')], { source: '/shop', typePrefix: 'org.shop.' });

const received = (message: ReturnType<typeof toEventMessage>) => ({ ...message, value: Buffer.from(message.value) });
const byLibrary = (message: ReturnType<typeof toEventMessage>) =>
  KafkaBinding.toEvent({ ...message, body: message.value }) as CloudEvent<unknown>;

test('both modes are read as the same event, by us and by the cloudevents library', () => {
  const [binary, structured] = [toEventMessage(row, registry), toStructuredMessage(row, registry)];
  expect(structured.key).toBe(binary.key);
  expect(structured.headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=utf-8' });
  expect(readEvent(received(structured), registry)).toEqual(readEvent(received(binary), registry));

  expect(byLibrary(structured).validate()).toBe(true);
  expect(byLibrary(structured).toJSON()).toEqual(byLibrary(binary).toJSON());
});

test('a structured message is the JSON that the library would have written', () => {
  const read = byLibrary(toStructuredMessage(row, registry));
  // The library makes an attribute of the message's key.
  expect(JSON.parse(String(KafkaBinding.structured(read).value))).toEqual({
    ...(JSON.parse(toStructuredMessage(row, registry).value) as object),
    partitionkey: 'thing_1',
  });
});

test('another service’s registry gives its own source and types, in both modes', () => {
  for (const encode of [encoderOf('binary'), encoderOf('structured')]) {
    const message = encode(row, ofShop);
    expect(byLibrary(message)).toMatchObject({ source: '/shop', type: 'org.shop.thing.happened' });
    expect(readEvent(received(message), ofShop)).toMatchObject({ type: 'thing.happened', event_id: 'evt_7' });
    expect(() => readEvent(received(message), registry)).toThrow(UnreadableMessage);
    expect(() => readEvent(received(message), registry)).toThrow('does not begin with com.paysaga.');
  }
});

test('a batch counts the size of the messages as they are sent', () => {
  const big = pendingRow({ payload: JSON.stringify({ n: 1, text: 'x'.repeat(defaultLimits.maxMessageBytes - 500) }) });
  expect(composeBatch([big], registry).failed).toHaveLength(0);
  const limits = { ...defaultLimits, maxMessageBytes: Buffer.byteLength(big.payload) + 100 };
  for (const mode of ['binary', 'structured'] as const) {
    expect(composeBatch([big], registry, { mode, limits }).failed).toHaveLength(1);
  }
});

test('the registry alone says where a type goes, and the aggregate says behind which key', () => {
  const twoTopics = createEventRegistry([
    { ...thingHappened('paysaga.thing'), type: 'thing.opened' },
    { ...thingHappened('paysaga.thing'), type: 'thing.closed' },
    { ...thingHappened('notify.thing'), type: 'notify.thing' },
  ]);
  const rows = ['thing.opened', 'notify.thing', 'thing.closed'].map((type, index) =>
    pendingRow({ id: String(index + 1), event_id: `evt_${index}`, aggregate_id: `thing_${index}`, type }),
  );
  const routed = composeBatch(rows, twoTopics).topics.map(({ topic, messages }) => [
    topic,
    messages.map(({ key, headers }) => `${key} ${headers.ce_type}`),
  ]);
  expect(routed).toEqual([
    ['paysaga.thing', ['thing_0 com.paysaga.thing.opened', 'thing_2 com.paysaga.thing.closed']],
    ['notify.thing', ['thing_1 com.paysaga.notify.thing']],
  ]);
});
