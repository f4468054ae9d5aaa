import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig } from '../../src/kafka-config';
import type { TopicMessages } from '../../src/messaging/kafka';

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
