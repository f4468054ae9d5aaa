import { eventRegistry } from '../../../src/application';
import type { EventRow } from '../../../src/events/append';
import { toEventMessage } from '../../../src/kafka/cloud-events';
import type { TopicMessage } from '../../../testing/checker/topic-reader';

/** When everything in a snapshot happened. */
export const AT = '2026-11-21T09:30:00.000Z';

/** The row that an aggregate's events make; its version is to be set. */
export function fold<State, Event>(
  evolve: (state: State | undefined, event: Event) => State,
  events: readonly Event[],
): State {
  const state = events.reduce<State | undefined>(evolve, undefined);
  if (state === undefined) throw new Error('An aggregate has at least one event.');
  return state;
}

/** The events of one aggregate as the log has them: `evt_<type>_<version>`. */
export function logOf(
  aggregate_type: string,
  aggregate_id: string,
  events: readonly { readonly type: string; readonly payload: unknown }[],
): EventRow[] {
  return events.map(({ type, payload }, index) => ({
    event_id: `evt_${aggregate_type}_${index + 1}`,
    aggregate_type,
    aggregate_id,
    version: index + 1,
    type,
    data_version: 1,
    payload,
    occurred_at: AT,
    correlation_id: 'req_1',
    causation_id: null,
    traceparent: null,
  }));
}

/** The event as it is on its topic. */
export function published(event: EventRow, offset: number): TopicMessage {
  const { key, headers, value } = toEventMessage({ ...event, payload: JSON.stringify(event.payload), replay_id: null });
  return { topic: eventRegistry.get(event.type).topic, partition: 0, offset, key, headers, value };
}
