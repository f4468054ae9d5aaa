import { type CloudEvent, Kafka as KafkaBinding } from 'cloudevents';
import { z } from 'zod';
import type { Message } from '../cqrs/message';
import type { EventDefinition, EventRegistry } from '../events/registry';
import { instant, text, version } from '../platform/bounds';
import type { KafkaMessage } from './client';

/** An event has a newer data version than this release knows. A later release reads it. */
export class NewerDataVersion extends Error {
  override readonly name = 'NewerDataVersion';
}

/** No attempt can read the message. It becomes a dead letter at once, with this reason. */
export class UnreadableMessage extends Error {
  override readonly name = 'UnreadableMessage';
  readonly code = 'unreadable_message';

  constructor(
    /** What is wrong with the message, as a sentence for people. */
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/** A consumed event. Its payload was checked against the registry's schema. */
export interface ReceivedEvent<Payload = unknown> {
  readonly event_id: string;
  readonly type: string;
  readonly data_version: number;
  readonly aggregate_id: string;
  /** 1, 2, 3… per aggregate. */
  readonly version: number;
  /** RFC 3339, UTC. The order of events is that of `version`, not of this time. */
  readonly occurred_at: string;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly traceparent: string | null;
  readonly payload: Payload;
}

/** The parts of a Kafka message that are read, with value and headers as in kafkajs or `dead_letter`. */
export interface RawMessage {
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whether an event is of this type; narrows its payload. */
export const isEvent = <Type extends string, Payload>(
  definition: EventDefinition<Type, Payload>,
  event: ReceivedEvent,
): event is ReceivedEvent<Payload> => event.type === definition.type;

const attributes = z.object({
  id: text(255),
  type: text(255),
  specversion: z.literal('1.0'),
  subject: text(255),
  time: instant(),
  dataversion: z.coerce.number().pipe(version),
  sequence: z.coerce.number().pipe(version),
  correlationid: text(255),
  causationid: text(255).optional(),
  traceparent: text(255).optional(),
});

/**
 * Reads a CloudEvent in binary or structured mode.
 *
 * @throws UnreadableMessage when it is not a CloudEvent, its type is not in the registry, or its attributes or payload
 *   do not fit their schema
 * @throws NewerDataVersion when its data version is newer than the registry's
 */
export function readEvent(message: RawMessage, registry: EventRegistry): ReceivedEvent {
  const event = decode(message);
  const parsed = attributes.safeParse(event);
  if (!parsed.success) throw new UnreadableMessage(`Not an event of this service: ${z.prettifyError(parsed.error)}`);
  const { data } = parsed;
  if (!data.type.startsWith(registry.typePrefix)) {
    throw new UnreadableMessage(
      `Type ${data.type} does not begin with ${registry.typePrefix}: not an event of this service.`,
    );
  }

  const type = data.type.slice(registry.typePrefix.length);
  const definition = registry.find(type);
  if (!definition) throw new UnreadableMessage(`Event type ${data.type} is not known.`);
  if (data.dataversion > definition.dataVersion) {
    throw new NewerDataVersion(
      `Data version ${data.dataversion} of ${type} is newer than the ${definition.dataVersion} known here: deploy the version that knows it.`,
    );
  }
  const payload = definition.payload.safeParse(event.data);
  if (!payload.success) throw new UnreadableMessage(`Payload of ${type}: ${z.prettifyError(payload.error)}`);

  return {
    event_id: data.id,
    type,
    data_version: data.dataversion,
    aggregate_id: data.subject,
    version: data.sequence,
    occurred_at: data.time,
    correlation_id: data.correlationid,
    causation_id: data.causationid ?? null,
    traceparent: data.traceparent ?? null,
    payload: payload.data,
  };
}

/** Returns the event id of a message; `undefined` when it cannot be read. Type and payload are not checked. */
export function eventIdOf(message: RawMessage): string | undefined {
  try {
    return attributes.shape.id.safeParse(decode(message).id).data;
  } catch (error) {
    if (error instanceof UnreadableMessage) return undefined;
    throw error;
  }
}

function decode({ key, value, headers }: RawMessage): CloudEvent<unknown> {
  if (value === null) throw new UnreadableMessage('The message has no value.');
  const message = { key, value: value.toString(), body: value.toString(), headers };
  try {
    if (!KafkaBinding.isEvent(message))
      throw new UnreadableMessage('Not a CloudEvent: neither ce_id nor its content type.');
    const event = KafkaBinding.toEvent<unknown>(message);
    if (Array.isArray(event)) throw new UnreadableMessage('A batch of CloudEvents in one message is not read.');
    return event as CloudEvent<unknown>;
  } catch (error) {
    if (error instanceof UnreadableMessage) throw error;
    const reason = error instanceof SyntaxError ? 'not JSON' : error instanceof Error ? error.message : String(error);
    throw new UnreadableMessage(`The message cannot be read: ${reason}.`, { cause: error });
  }
}

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

/** The consumer of one purpose. Its module declares it; `startConsumer` runs it. */
export interface ConsumerDefinition {
  /** The Kafka consumer group and the scope of its idempotency keys, such as `sales-projection`. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Returns the command for an event; `undefined` for an event that this group does not handle. Pure. */
  readonly toCommand: (event: ReceivedEvent) => Message | undefined;
}
