import { crc32 } from 'node:zlib';
import { defineTable } from '../platform/database/table';
import type { EventRegistry } from './registry';

/** The number of shards. Rows store their shard, so a change would break the order per aggregate. */
export const SHARDS = 16;

/** Returns the shard of an aggregate: all its events share it, so one relay keeps their order. */
export const shardOf = (aggregateId: string): number => crc32(aggregateId) % SHARDS;

/** The log of all events. */
export const eventTable = defineTable('event', 'event_id');
/** The rows that the relay publishes. */
export const outboxTable = defineTable('outbox', 'id');

/** An event as its aggregate decided it. */
export interface NewEvent {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  /** Counts 1, 2, 3… per aggregate, under the lock of the aggregate's row. */
  readonly version: number;
  readonly type: string;
  readonly payload: unknown;
}

/** The context that all events of one transaction share. */
export interface EventContext {
  /** RFC 3339, UTC. */
  readonly occurred_at: string;
  readonly correlation_id: string;
  /** The id of the event that caused this one. */
  readonly causation_id: string | null;
  /** W3C Trace Context. */
  readonly traceparent: string | null;
}

/** A row of `event`. */
export interface EventRow extends NewEvent, EventContext {
  readonly event_id: string;
  readonly data_version: number;
}

/** A new row of `outbox`. The relay fills its other columns. */
export interface OutboxRow {
  readonly event_id: string;
  readonly shard: number;
  readonly aggregate_id: string;
}

/**
 * Builds the two rows of an event. Write them in the transaction that changes the state.
 *
 * @throws Error when the registry does not know the type or the payload does not fit its schema
 */
export function eventRows(
  registry: EventRegistry,
  event: NewEvent,
  context: EventContext,
  eventId: string,
): { event: EventRow; outbox: OutboxRow } {
  const definition = registry.get(event.type);
  const payload = definition.payload.safeParse(event.payload);
  if (!payload.success) {
    throw new Error(`Payload of ${event.type} does not fit its schema: ${payload.error.message}`);
  }
  return {
    event: {
      event_id: eventId,
      aggregate_type: event.aggregate_type,
      aggregate_id: event.aggregate_id,
      version: event.version,
      type: event.type,
      data_version: definition.dataVersion,
      payload: payload.data,
      ...context,
    },
    outbox: { event_id: eventId, shard: shardOf(event.aggregate_id), aggregate_id: event.aggregate_id },
  };
}

/** Notifies relays of new rows after their commit. */
export interface Notifier {
  /** Names the shards that have new rows. Never throws; a notification may be lost. */
  appended(shards: Iterable<number>): void;
}

/** Notifies no relay: new rows wait for the next poll. */
export const noNotifier: Notifier = { appended: () => undefined };
