import { isDeepStrictEqual } from 'node:util';
import { eventRegistry } from '../../../src/application';
import { TYPE_PREFIX } from '../../../src/messaging/cloud-event';
import type { EventRow } from '../../../src/outbox/append';
import type { Snapshot } from '../snapshot';
import type { TopicMessage } from '../topic-messages';
import { groupBy } from './group';

/**
 * Nothing committed is lost, nothing rolled back is published, and per aggregate the order holds: the
 * first occurrences of its events are versions 1, 2, 3…, and what comes again is a replay.
 */
export function checkTopics({ events, outbox, messages }: Snapshot): string[] {
  const eventOf = new Map(events.map((event) => [event.event_id, event]));
  const published = new Set(messages.map(idOf));
  const pending = outbox.map(
    ({ event_id, parked_at }) => `event ${event_id} is ${parked_at ? 'parked' : 'pending'} in the outbox`,
  );
  const lost = events
    .filter(({ event_id }) => !published.has(event_id))
    .map(({ event_id, type }) => `event ${event_id} (${type}) is not on Kafka`);
  const strange = messages.flatMap((message) => {
    const event = eventOf.get(idOf(message));
    if (!event) return [`message ${placeOf(message)} is not an event of the log`];
    return isSame(message, event)
      ? []
      : [`message ${placeOf(message)} says something else than event ${event.event_id}`];
  });
  return [...pending, ...lost, ...strange, ...checkOrder(messages)];
}

/** Messages that are there more than once: sent again after a crash or a failed send. */
export const countDuplicates = (messages: readonly TopicMessage[]): number =>
  messages.length - new Set(messages.map(idOf)).size;

function checkOrder(messages: readonly TopicMessage[]): string[] {
  return [...groupBy(messages, ({ topic, key }) => `${topic} ${key}`)].flatMap(([aggregate, ofKey]) => {
    const partitions = new Set(ofKey.map(({ partition }) => partition));
    if (partitions.size > 1) return [`${aggregate} is in ${partitions.size} partitions`];
    const versions = ofKey.map(({ headers }) => Number(headers.ce_sequence));
    // A replay begins at an earlier version, or the same one, and goes on from there without a gap.
    const inOrder = versions.every((version, index) => version >= 1 && version <= (versions[index - 1] ?? 0) + 1);
    return inOrder ? [] : [`${aggregate} came in the order ${versions.join(', ')}`];
  });
}

const isSame = ({ topic, key, headers, value }: TopicMessage, event: EventRow): boolean =>
  topic === eventRegistry.get(event.type).topic &&
  key === event.aggregate_id &&
  headers.ce_type === TYPE_PREFIX + event.type &&
  headers.ce_subject === event.aggregate_id &&
  headers.ce_sequence === String(event.version) &&
  headers.ce_dataversion === String(event.data_version) &&
  headers.ce_correlationid === event.correlation_id &&
  isDeepStrictEqual(JSON.parse(value), event.payload);

const idOf = ({ headers }: TopicMessage): string => headers.ce_id ?? '';
const placeOf = ({ topic, partition, offset }: TopicMessage): string => `${topic}/${partition}/${offset}`;
