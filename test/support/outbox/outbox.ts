import { z } from 'zod';
import { shardOf } from '../../../src/events/append';
import { createEventRegistry, defineEvent, type EventRegistry } from '../../../src/events/registry';
import { toEventMessage } from '../../../src/kafka/cloud-events';
import type { PendingRow } from '../../../src/outbox/relay.sql';
import type { TestDatabase } from '../database';
import { uniqueName } from '../kafka/kafka';
import type { TopicMessage } from '../kafka/kafka';

/** One event type of the tests' own, on one topic. */
export const thingHappened = (topic: string) =>
  defineEvent({
    type: 'thing.happened',
    dataVersion: 1,
    topic,
    payload: z.strictObject({ n: z.int(), text: z.string() }),
  });

export const thingRegistry = (topic: string): EventRegistry => createEventRegistry([thingHappened(topic)]);

export interface ThingEvent {
  readonly aggregateId: string;
  readonly version: number;
  readonly type?: string;
  readonly text?: string;
  /** RFC 3339. */
  readonly occurredAt?: string;
}

/** Inserts an event with its outbox row, in the transaction of the connection that is given. */
export async function appendThing(connection: Pick<TestDatabase, 'query'>, event: ThingEvent): Promise<string> {
  const { aggregateId, version, type = 'thing.happened', text = 'ok' } = event;
  const { occurredAt = new Date().toISOString() } = event;
  const eventId = uniqueName('evt');
  await connection.query(
    `WITH new_event AS (
       INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at, correlation_id)
       VALUES ($1, 'thing', $2, $3, $4, 1, $5::jsonb, $7, 'req_test'))
     INSERT INTO outbox (event_id, shard, aggregate_id) VALUES ($1, $6, $2)`,
    eventId,
    aggregateId,
    version,
    type,
    JSON.stringify({ n: version, text }),
    shardOf(aggregateId),
    occurredAt,
  );
  return eventId;
}

/** A row as the relay claims it. */
export function pendingRow(row: Partial<PendingRow> = {}): PendingRow {
  const aggregateId = row.aggregate_id ?? 'thing_1';
  return {
    id: '1',
    shard: shardOf(aggregateId),
    attempts: 0,
    aggregate_id: aggregateId,
    event_id: 'evt_1',
    version: 1,
    type: 'thing.happened',
    data_version: 1,
    payload: '{"n":1,"text":"ok"}',
    occurred_at: '2026-11-21T10:00:00.123Z',
    correlation_id: 'req_1',
    causation_id: null,
    traceparent: null,
    replay_id: null,
    ...row,
  };
}

/** The message that the relay makes of such an event. */
export const thingMessage = (aggregateId: string, version: number, eventId: string = uniqueName('evt')) =>
  toEventMessage(
    pendingRow({
      aggregate_id: aggregateId,
      version,
      event_id: eventId,
      payload: JSON.stringify({ n: version, text: 'ok' }),
    }),
  );

/** The versions of each key, in the order of the topic. */
export function versionsByKey(messages: readonly TopicMessage[]): Record<string, number[]> {
  const versions: Record<string, number[]> = {};
  for (const { key, headers } of messages) (versions[key] ??= []).push(Number(headers.ce_sequence));
  return versions;
}

/** The same without repeats: the order in which a consumer first sees them. */
export const firstOccurrences = (versions: readonly number[]): number[] => [...new Set(versions)];
