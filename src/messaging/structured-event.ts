import { type EventMessage, type OutgoingEvent, toEventMessage } from './cloud-event';
import type { EventNames } from '../outbox/event-names';

/** The place of a CloudEvent's attributes: headers (`binary`), or the value beside the data (`structured`). */
export type CloudEventsMode = 'binary' | 'structured';

const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const ATTRIBUTE_HEADER = 'ce_';

/**
 * Encodes one event as a CloudEvents 1.0 message in Kafka's structured mode, with the attributes of binary mode as
 * members of one JSON object (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md). The
 * payload is JSON text and goes in unchanged.
 */
export function toStructuredMessage(event: OutgoingEvent, names: EventNames): EventMessage {
  const { key, value, headers } = toEventMessage(event, names);
  const attributes: Record<string, string> = {};
  for (const header in headers) {
    if (header.startsWith(ATTRIBUTE_HEADER)) attributes[header.slice(ATTRIBUTE_HEADER.length)] = headers[header] ?? '';
  }
  attributes.datacontenttype = 'application/json';
  return { key, value: `${JSON.stringify(attributes).slice(0, -1)},"data":${value}}`, headers: STRUCTURED };
}

/** Returns the encoder of a mode. */
export const encoderOf = (mode: CloudEventsMode): typeof toStructuredMessage => {
  switch (mode) {
    case 'binary':
      return toEventMessage;
    case 'structured':
      return toStructuredMessage;
    default:
      return mode satisfies never;
  }
};
