import type { KafkaMessage } from '../../../src/kafka/client';
import { incomingMessage, shortKey } from '../../../src/kafka/received-event';

const message = (change: object): KafkaMessage => ({
  ...{ key: Buffer.from('key'), value: Buffer.from('value'), timestamp: '0', attributes: 0, offset: '7', headers: {} },
  ...change,
});
const read = (change: object) => incomingMessage('topic', 3, message(change));

test.each<[string, object, object]>([
  ['has no value', { a: null, b: Buffer.from('b') }, { b: 'b' }],
  ['is repeated', { a: [Buffer.from('1'), Buffer.from('2')] }, { a: '1' }],
  ['is repeated, first without a value', { a: [null, Buffer.from('2')] }, { a: '2' }],
  ['has the name of what objects inherit', { constructor: [Object, Buffer.from('1')] }, { constructor: '1' }],
  ['has NUL in its name', { 'a\0': Buffer.from('1') }, { 'a\uFFFD': '1' }],
  ['is not UTF-8', { a: Buffer.from([0xff]) }, { a: '\uFFFD' }],
])('a header that %s is read without an error', (_, headers, expected) => {
  expect(Object.entries(read({ headers }).headers)).toEqual(Object.entries(expected));
});

test('a header named __proto__ is kept', () => {
  const { headers } = read({ headers: Object.fromEntries([['__proto__', Buffer.from('1')]]) });
  expect(Object.entries(headers)).toEqual([['__proto__', '1']]);
});

test('a message without a key has its place as its key, and one with an empty key has that', () => {
  expect(read({ key: null }).key).toBe('3/7');
  expect(read({ key: Buffer.alloc(0) }).key).toBe('');
});

test('a long key is short in the log', () => {
  expect(shortKey('k'.repeat(5_000))).toBe(`${'k'.repeat(200)}…`);
  expect(shortKey('key')).toBe('key');
});
