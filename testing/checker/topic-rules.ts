import { isDeepStrictEqual } from 'node:util';
import { eventRegistry } from '../../src/application';
import type { EventRow } from '../../src/events/append';
import { TYPE_PREFIX } from '../../src/kafka/cloud-events';
import { groupBy } from './group';
import type { Snapshot } from './snapshot.sql';
import type { TopicMessage } from './topic-reader';

/**
 * Checks that no committed event is lost, no rolled back event is published, and the order holds per aggregate. The
 * first occurrences of its events are versions 1, 2, 3 and so on. Repeats were sent again, or belong to an ordered
 * replay.
 */
export function checkTopics({ events, outbox, messages }: Snapshot): string[] {
  const eventOf = new Map(events.map((event) => [event.event_id, event]));
  // An event that only a replay brought was never published by the relay.
  const published = new Set(messages.filter((message) => replayOf(message) === '').map(idOf));
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

/** Counts the messages that repeat an event, after a crash or a failed send. Ordered replays do not count. */
export const countDuplicates = (messages: readonly TopicMessage[]): number =>
  messages.length - new Set(messages.map((message) => `${replayOf(message)} ${idOf(message)}`)).size;

function checkOrder(messages: readonly TopicMessage[]): string[] {
  return [...groupBy(messages, ({ topic, key }) => `${topic} ${key}`)].flatMap(([aggregate, ofKey]) => {
    const partitions = new Set(ofKey.map(({ partition }) => partition));
    if (partitions.size > 1) return [`${aggregate} is in ${partitions.size} partitions`];
    return [...groupBy(ofKey, replayOf)].flatMap(([replay, messages]) => {
      const versions = messages.map(({ headers }) => Number(headers.ce_sequence));
      const inOrder = replay === '' ? isGapless(versions) : isAscending([...new Set(versions)]);
      const what = replay === '' ? aggregate : `replay ${replay} of ${aggregate}`;
      return inOrder ? [] : [`${what} came in the order ${versions.join(', ')}`];
    });
  });
}

/**
 * Whether the versions have no gap. A repeat begins at an earlier or the same version and goes on without a gap. A
 * relay that was fenced off may have sent its last batch; after it the aggregate goes on where it was.
 */
function isGapless(versions: readonly number[]): boolean {
  let newest = 0;
  return versions.every((version, index) => {
    const inOrder = version >= 1 && (version <= (versions[index - 1] ?? 0) + 1 || version === newest + 1);
    newest = Math.max(newest, version);
    return inOrder;
  });
}

/** Whether the versions ascend. A replay may leave versions out. */
const isAscending = (versions: readonly number[]): boolean =>
  versions.every((version, index) => version > (versions[index - 1] ?? 0));

const isSame = ({ topic, key, headers, value }: TopicMessage, event: EventRow): boolean =>
  topic === eventRegistry.get(event.type).topic &&
  key === event.aggregate_id &&
  headers.ce_type === TYPE_PREFIX + event.type &&
  headers.ce_subject === event.aggregate_id &&
  headers.ce_sequence === String(event.version) &&
  headers.ce_dataversion === String(event.data_version) &&
  headers.ce_specversion === '1.0' &&
  headers.ce_source === eventRegistry.source &&
  Date.parse(headers.ce_time ?? '') === Date.parse(event.occurred_at) &&
  headers.ce_correlationid === event.correlation_id &&
  headers.ce_causationid === (event.causation_id ?? undefined) &&
  headers.ce_traceparent === (event.traceparent ?? undefined) &&
  isDeepStrictEqual(JSON.parse(value), event.payload);

/** Returns the id of an ordered replay, or an empty text for an event that was published or sent again by the relay. */
const replayOf = ({ headers }: TopicMessage): string => headers.ce_replayid ?? '';
const idOf = ({ headers }: TopicMessage): string => headers.ce_id ?? '';
const placeOf = ({ topic, partition, offset }: TopicMessage): string => `${topic}/${partition}/${offset}`;

/** The faults that make a relay send again, and the most that one of them repeats. */
export interface DuplicatesBound {
  /** Kills of a relay, and failed sends. */
  readonly faults: number;
  readonly shards: number;
  readonly batchSize: number;
}

/** Returns the most duplicates: one batch of each shard per kill or failed send, and none without a fault. */
export const duplicatesAtMost = ({ faults, shards, batchSize }: DuplicatesBound): number => faults * shards * batchSize;

/** Checks that the faults explain all duplicates. */
export function checkDuplicates(messages: readonly TopicMessage[], bound: DuplicatesBound): string[] {
  const duplicates = countDuplicates(messages);
  const atMost = duplicatesAtMost(bound);
  if (duplicates <= atMost) return [];
  return [`${duplicates} messages came twice, and ${bound.faults} faults explain at most ${atMost}`];
}
