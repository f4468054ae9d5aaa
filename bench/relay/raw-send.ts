import type { KafkaConfig } from '../../src/kafka-config';
import type { TopicMessages } from '../../src/messaging/kafka';
import { shardOf, SHARDS } from '../../src/outbox/shard';
import { byTopic, type TopicMessage } from './event-messages';
import { connectRawKafka, type RawProducer } from './raw-kafka';

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
