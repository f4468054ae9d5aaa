import type { Client } from 'pg';
import { type EventMessage, type OutgoingEvent, toEventMessage } from '../../src/messaging/cloud-event';
import type { TopicMessages } from '../../src/messaging/kafka';

/** An event of the log as the relay would send it. */
export interface TopicMessage {
  readonly event_id: string;
  readonly topic: string;
  readonly message: EventMessage;
}

/** The whole event log, made into messages before anything is measured. */
export async function readMessages(client: Client): Promise<TopicMessage[]> {
  const { rows } = await client.query<OutgoingEvent & { topic: string }>(
    `SELECT 'paysaga.' || aggregate_type AS topic, event_id, aggregate_id, version, type, data_version,
       payload::text, occurred_at::text, correlation_id, causation_id, traceparent,
       NULL AS replay_id FROM event ORDER BY event_id`,
  );
  return rows.map(({ topic, ...event }) => ({ topic, event_id: event.event_id, message: toEventMessage(event) }));
}

/** One batch of them, by topic as `sendBatch` takes it. */
export function byTopic(batch: readonly TopicMessage[]): TopicMessages[] {
  const topics = [...new Set(batch.map(({ topic }) => topic))];
  return topics.map((topic) => ({
    topic,
    messages: batch.filter((item) => item.topic === topic).map(({ message }) => message),
  }));
}
