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

/** Header values are bytes on the wire; a repeated header keeps its first value. */
function textHeaders(headers: NonNullable<KafkaMessage['headers']>): Record<string, string> {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) text[storable(name)] = storable(first.toString());
  }
  return text;
}

/** Postgres keeps no NUL in a text; the value, which may be anything, is kept as bytes. */
export const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');
