import { Kafka, logLevel } from 'kafkajs';
import type { TopicEnds } from '../checker/topic-messages';
import type { ConsumerDefinition } from '../../src/messaging/consumer';

/**
 * Moves a consumer group behind the last message of its topics, by joining it for a moment. A consumer
 * that was killed may be waited for, as long as its session takes to time out.
 */
export async function skipToEnds(
  brokers: string,
  { group, topics }: ConsumerDefinition,
  ends: TopicEnds,
): Promise<void> {
  const kafka = new Kafka({ brokers: brokers.split(','), clientId: 'paysaga-stack', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 50 });
  const offsets = [...ends].map(([place, end]) => {
    const [topic = '', partition = ''] = place.split('/');
    return { topic, partition: Number(partition), offset: String(end) };
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics] });
    const joined = new Promise<void>((resolve) => void consumer.on('consumer.group_join', () => resolve()));
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    await joined;
    await consumer.commitOffsets(offsets.filter(({ topic }) => topics.includes(topic)));
  } finally {
    await consumer.disconnect();
  }
}
