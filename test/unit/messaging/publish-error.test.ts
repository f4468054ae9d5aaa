import {
  KafkaJSConnectionError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
} from 'kafkajs';
import { publishErrorKind, publishErrorReason, RowError } from '../../../src/outbox/batch';

const protocol = (type: string, retriable = false) =>
  new KafkaJSProtocolError(Object.assign(new Error(`broker says ${type}`), { type, code: 1, retriable }) as never);
const wrapped = (error: Error) => Object.assign(new KafkaJSNonRetriableError(error as never), { cause: error });
const afterRetries = (error: Error) =>
  new KafkaJSNumberOfRetriesExceeded(error as never, { retryCount: 3, retryTime: 100 } as never);

test.each([
  ['a message that is too large', wrapped(protocol('MESSAGE_TOO_LARGE'))],
  ['a record that the topic refuses', protocol('INVALID_RECORD')],
  ['what cannot be encoded', new TypeError('value is not a string')],
  ['what the relay finds itself', new RowError('no topic')],
])('%s is the fault of a row', (_, error) => {
  expect(publishErrorKind(error)).toBe('row');
});

test.each([
  ['a broker that cannot be reached', afterRetries(new KafkaJSConnectionError('connect ECONNREFUSED'))],
  ['too few replicas', afterRetries(protocol('NOT_ENOUGH_REPLICAS', true))],
  ['a time-out', new KafkaJSRequestTimeoutError('timed out')],
  ['a topic that is missing', afterRetries(protocol('UNKNOWN_TOPIC_OR_PARTITION', true))],
  ['a right that was withdrawn', wrapped(protocol('TOPIC_AUTHORIZATION_FAILED'))],
  ['a lost sequence', wrapped(protocol('OUT_OF_ORDER_SEQUENCE_NUMBER'))],
  ['anything unknown', new Error('?')],
])('%s is the fault of no row', (_, error) => {
  expect(publishErrorKind(error)).toBe('broker');
});

test('the reason names Kafka’s own error', () => {
  expect(publishErrorReason(wrapped(protocol('MESSAGE_TOO_LARGE')))).toBe(
    'MESSAGE_TOO_LARGE: broker says MESSAGE_TOO_LARGE',
  );
  expect(publishErrorReason('broken')).toBe('broken');
});
