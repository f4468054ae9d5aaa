import type { KafkaMessage } from '../kafka';
import type { RawMessage } from './received-event';

/** A message and its place in Kafka. */
export interface IncomingMessage extends RawMessage {
  readonly topic: string;
  readonly partition: number;
  /** 64 bits, as text. */
  readonly offset: string;
}

/** Returns `topic/partition/offset`, as the inbox and logs name a message. */
export const sourceOf = ({ topic, partition, offset }: IncomingMessage): string => `${topic}/${partition}/${offset}`;

/** Converts a message of kafkajs. A message without a key gets its place as its key, so it waits for no other. */
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

/** Returns headers as text. A repeated header keeps its first value; a header without one is left out. */
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
 * Returns text that Postgres stores as text and as JSON: without NUL, and without half of a surrogate pair, which JSON
 * or a cut can leave. Values are stored as bytes instead.
 */
export const storable = (text: string): string => text.replaceAll('\0', '\uFFFD').toWellFormed();

const LINE_LENGTH = 200;
/** Shortens a key for the log, because a key may be as long as a message. */
export const shortKey = (key: string): string => (key.length > LINE_LENGTH ? `${key.slice(0, LINE_LENGTH)}…` : key);
