import { newId } from '../../platform/ids';
import type { Queryable } from '../../platform/database/queryable';
import { type EventContext, eventRows, type NewEvent } from '../append';
import type { EventRegistry } from '../event-registry';
import { insertEvents } from './append.sql';

/** What to append. */
export interface AppendOptions {
  readonly registry: EventRegistry;
  /** The events of one aggregate in the order of their versions. */
  readonly events: readonly NewEvent[];
  /** What the events share. Defaults to now and a new correlation id. */
  readonly context?: Partial<EventContext>;
}

/**
 * Writes events into the outbox in the transaction that changes the state: both are committed, or neither. After the
 * commit a relay publishes each event at least once, in version order for its aggregate.
 *
 * Take `version` under a lock: update the aggregate's row first and count its version there
 * (`SET version = version + 1 … RETURNING version`). Without a lock two writers may take the same version. The database
 * then refuses the second with a unique violation, and the order still holds.
 *
 * @param tx the open transaction: Prisma's, or any client with its two raw calls
 * @returns the ids of the events, in their order
 * @throws Error when the registry does not know a type or a payload does not fit; nothing is written then
 */
export async function append(tx: Queryable, { registry, events, context }: AppendOptions): Promise<string[]> {
  if (events.length === 0) return [];
  const shared: EventContext = {
    occurred_at: new Date().toISOString(),
    correlation_id: newId('req'),
    causation_id: null,
    traceparent: null,
    ...context,
  };
  const rows = events.map((event) => eventRows(registry, event, shared, newId('evt')));
  await insertEvents(
    tx,
    rows.map(({ event }) => event),
    rows.map(({ outbox }) => outbox),
  );
  return rows.map(({ event }) => event.event_id);
}
