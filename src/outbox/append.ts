import { defineTable } from '../platform/database/table';
import type { EventRegistry } from './event-registry';
import { laneOf } from './lane';

export const eventTable = defineTable('event', 'event_id');
export const outboxTable = defineTable('outbox', 'id');

/** An event as its aggregate made it. */
export interface NewEvent {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  /** 1, 2, 3… per aggregate, taken under the lock of the aggregate's row. */
  readonly version: number;
  readonly type: string;
  readonly payload: unknown;
}

/** What every event of one transaction shares. */
export interface EventContext {
  /** RFC 3339, UTC. */
  readonly occurred_at: string;
  readonly correlation_id: string;
  readonly causation_id: string | null;
  readonly traceparent: string | null;
}

/** A row of `event`. */
export interface EventRow extends NewEvent, EventContext {
  readonly event_id: string;
  readonly data_version: number;
}

/** A new row of `outbox`; the rest of its columns are the relay's. */
export interface OutboxRow {
  readonly event_id: string;
  readonly lane: number;
  readonly aggregate_id: string;
}

/**
 * The rows of one event: written in the transaction that changes the state, they make the outbox.
 *
 * @throws Error when the registry does not know the type or its payload does not fit, which fails
 *   the command: nothing is written.
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
    outbox: { event_id: eventId, lane: laneOf(event.aggregate_id), aggregate_id: event.aggregate_id },
  };
}
