import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import { shardOf, SHARDS } from '../src/events/append';
import type { TopicMessages } from '../src/kafka/client';
import { type EventMessage, type OutgoingEvent, toEventMessage } from '../src/kafka/cloud-events';
import type { KafkaConfig } from '../src/kafka/kafka-config';
import { fillOutbox, ROWS } from './drain-outbox';

/** Skips what the other connection has in hand. */
const CLAIM_AND_DELETE = `DELETE FROM outbox USING event
  WHERE outbox.id IN (SELECT id FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
    AND event.event_id = outbox.event_id
  RETURNING outbox.id, event.event_id, event.aggregate_id, event.version, event.type, event.data_version,
    event.payload::text, event.occurred_at::text, event.correlation_id`;

export interface RawClaimOptions {
  readonly databaseUrl: string;
  /** As many as the relay has groups. */
  readonly connections: number;
  /** As many rows as a group's round has. */
  readonly batchSize: number;
}

/**
 * The limit of the database side, in rows per second: take and delete in one statement. Leaves out
 * leases, shards, due times, held aggregates, and all safety: what is deleted here is not sent yet.
 */
export async function rawClaimRate(client: Client, options: RawClaimOptions): Promise<number> {
  await fillOutbox(client, ROWS);
  const began = performance.now();
  const taken = await Promise.all(Array.from({ length: options.connections }, () => takeAll(options)));
  const seconds = (performance.now() - began) / 1000;
  const rows = taken.reduce((sum, count) => sum + count, 0);
  if (rows !== ROWS) throw new Error(`${rows} rows were taken instead of ${ROWS}.`);
  return rows / seconds;
}

async function takeAll({ databaseUrl, batchSize }: RawClaimOptions): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let taken = 0; ;) {
      const { rowCount } = await client.query({ name: 'take', text: CLAIM_AND_DELETE, values: [batchSize] });
      if (!rowCount) return taken;
      taken += rowCount;
    }
  } finally {
    await client.end();
  }
}

export interface RawSender {
  /** Messages per second. */
  rate(): Promise<number>;
  stop(): Promise<void>;
}

type Batch = readonly TopicMessages[];

/**
 * The limit of the broker's side: kafkajs alone sends the same messages in batches of the same size, to
 * the same topics, one batch in flight per shard. They are made before. Leaves out all but `sendBatch`.
 */
export async function createRawSender(
  config: KafkaConfig,
  messages: readonly TopicMessage[],
  batchSize: number,
): Promise<RawSender> {
  const kafka = connectRawKafka(config);
  const shards = Array.from({ length: SHARDS }, (_, shard) =>
    toBatches(
      messages.filter(({ message }) => shardOf(message.key) === shard),
      batchSize,
    ),
  );
  const producers = await Promise.all(shards.map(() => kafka.connectProducer()));

  return {
    async rate() {
      const began = performance.now();
      await Promise.all(producers.map((producer, shard) => sendAll(producer, shards[shard] ?? [])));
      return messages.length / ((performance.now() - began) / 1000);
    },
    stop: async () => void (await Promise.all(producers.map((producer) => producer.stop()))),
  };
}

async function sendAll(producer: RawProducer, batches: readonly Batch[]): Promise<void> {
  for (const batch of batches) await producer.sendBatch(batch);
}

const toBatches = (messages: readonly TopicMessage[], batchSize: number): Batch[] =>
  Array.from({ length: Math.ceil(messages.length / batchSize) }, (_, batch) =>
    byTopic(messages.slice(batch * batchSize, (batch + 1) * batchSize)),
  );

/** kafkajs alone, with the settings that make a send as safe as ours. */
export interface RawKafka {
  connectProducer(): Promise<RawProducer>;
  /** @param onEvent gets each event's id as it arrives, of those that are sent after this resolved */
  consume(topics: readonly string[], onEvent: (eventId: string) => void): Promise<{ stop(): Promise<void> }>;
  /** Counts the messages that the topics ever got. */
  countStored(topics: readonly string[]): Promise<{ count(): Promise<number>; close(): Promise<void> }>;
}

export interface RawProducer {
  sendBatch(batch: readonly TopicMessages[]): Promise<void>;
  stop(): Promise<void>;
}

export function connectRawKafka({ brokers }: Pick<KafkaConfig, 'brokers'>): RawKafka {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
  return {
    async connectProducer() {
      const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
      await producer.connect();
      return {
        async sendBatch(batch) {
          const topicMessages = batch.map(({ topic, messages }) => ({ topic, messages: [...messages] }));
          await producer.sendBatch({ topicMessages, acks: -1 });
        },
        stop: () => producer.disconnect(),
      };
    },

    async consume(topics, onEvent) {
      const consumer = kafka.consumer({ groupId: 'bench', allowAutoTopicCreation: false });
      const joined = new Promise((resolve) => consumer.on('consumer.fetch_start', resolve));
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: false });
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => batch.messages.forEach(({ headers }) => onEvent(String(headers?.ce_id))),
      });
      await joined;
      return { stop: () => consumer.disconnect() };
    },

    async countStored(topics) {
      const admin = kafka.admin();
      await admin.connect();
      return {
        async count() {
          const offsets = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
          return offsets.flat().reduce((sum, { high }) => sum + Number(high), 0);
        },
        close: () => admin.disconnect(),
      };
    },
  };
}

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
