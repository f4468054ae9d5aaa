import { Kafka, logLevel, type Producer, type TopicMessages } from 'kafkajs';
import type { Client } from 'pg';
import type { KafkaConfig } from '../../src/config';
import { type EventMessage, type OutgoingEvent, toEventMessage } from '../../src/messaging/cloud-event';
import { laneOf, LANES } from '../../src/outbox/lane';

export interface RawSender {
  /** Rows per second. */
  rate(): Promise<number>;
  close(): Promise<void>;
}

/**
 * The limit of the broker's side: kafkajs alone sends the same messages in batches of the same size, to
 * the same topics, one batch in flight per lane. They are made before. Leaves out all but `sendBatch`.
 */
export async function createRawSender(client: Client, config: KafkaConfig, batchSize: number): Promise<RawSender> {
  const kafka = new Kafka({ brokers: [...config.brokers], logLevel: logLevel.NOTHING });
  const lanes = toLanes(await readMessages(client), batchSize);
  const producers = await Promise.all(lanes.map(() => connect(kafka)));
  const rows = lanes.flat(2).reduce((sum, { messages }) => sum + messages.length, 0);

  return {
    async rate() {
      const began = performance.now();
      await Promise.all(producers.map((producer, lane) => sendAll(producer, lanes[lane] ?? [])));
      return rows / ((performance.now() - began) / 1000);
    },
    close: async () => void (await Promise.all(producers.map((producer) => producer.disconnect()))),
  };
}

async function connect(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

async function sendAll(producer: Producer, batches: readonly TopicMessages[][]): Promise<void> {
  for (const topicMessages of batches) await producer.sendBatch({ topicMessages, acks: -1 });
}

async function readMessages(client: Client): Promise<{ topic: string; message: EventMessage }[]> {
  const { rows } = await client.query<OutgoingEvent & { topic: string }>(
    `SELECT 'paysaga.' || aggregate_type AS topic, event_id, aggregate_id, version, type, data_version,
       payload::text, occurred_at::text, correlation_id, causation_id, traceparent FROM event ORDER BY event_id`,
  );
  return rows.map(({ topic, ...event }) => ({ topic, message: toEventMessage(event) }));
}

/** @returns for each lane its batches */
function toLanes(
  messages: readonly { topic: string; message: EventMessage }[],
  batchSize: number,
): TopicMessages[][][] {
  return Array.from({ length: LANES }, (_, lane) => {
    const mine = messages.filter(({ message }) => laneOf(message.key) === lane);
    return Array.from({ length: Math.ceil(mine.length / batchSize) }, (_, batch) => {
      const part = mine.slice(batch * batchSize, (batch + 1) * batchSize);
      const topics = [...new Set(part.map(({ topic }) => topic))];
      return topics.map((topic) => ({
        topic,
        messages: part.filter((item) => item.topic === topic).map(({ message }) => message),
      }));
    });
  });
}
