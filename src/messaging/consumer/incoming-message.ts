import type { KafkaMessage } from '../kafka';
import type { RawMessage } from './received-event';

/** A message with the place it came from. */
export interface IncomingMessage extends RawMessage {
  readonly topic: string;
  readonly partition: number;
  /** As text: 64 bits. */
  readonly offset: string;
}

/** `topic/partition/offset`, as the inbox and logs name a message. */
export const sourceOf = ({ topic, partition, offset }: IncomingMessage): string => `${topic}/${partition}/${offset}`;

/** A message without a key waits for no other: its place is its key. */
export function incomingMessage(topic: string, partition: number, message: KafkaMessage): IncomingMessage {
  const { offset, key, value } = message;
  return {
    topic,
    partition,
    offset,
    key: key ? storable(key.toString()) : `${partition}/${offset}`,
    value,
    headers: textHeaders(message.headers ?? {}),
  };
}

/** Header values are bytes on the wire, or nothing at all; a repeated header keeps its first value. */
function textHeaders(headers: NonNullable<KafkaMessage['headers']>): Record<string, string> {
  const text: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    // kafkajs takes what every object inherits (`constructor`) for the first value of a header of that name.
    const first = [value].flat().find((each) => Buffer.isBuffer(each) || typeof each === 'string');
    if (first !== undefined) text.push([storable(name), storable(first.toString())]);
  }
  return Object.fromEntries(text);
}

/**
 * What Postgres keeps as text and as JSON: no NUL, and no half of a surrogate pair, which JSON can bring or a cut
 * leave behind. The value, which may be anything, is kept as bytes.
 */
export const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

const LINE_LENGTH = 200;
/** For the log: a key may be as long as a message. */
export const shortKey = (key: string): string => (key.length > LINE_LENGTH ? `${key.slice(0, LINE_LENGTH)}…` : key);
