import { Kafka, logLevel } from 'kafkajs';
import type { ConsumerDefinition } from '../../src/messaging/consumer/consumer';
import type { TopicEnds } from '../checker/topic-messages';
import { eventually } from '../client/eventually';
import { mendRequestQueues } from '../../src/messaging/request-queue';

/** Of a consumer that was killed: until then the group is not ours alone. */
const DEADLINE_MS = 40_000;
const SESSION_TIMEOUT_MS = 6_000;

/** Moves a consumer group behind the last message of its topics, by joining it for a moment. */
export const skipToEnds = (brokers: string, consumer: ConsumerDefinition, ends: TopicEnds): Promise<void> =>
  eventually(() => trySkip(brokers, consumer, ends), { deadlineMs: DEADLINE_MS });

async function trySkip(brokers: string, { group, topics }: ConsumerDefinition, ends: TopicEnds): Promise<void> {
  mendRequestQueues();
  const kafka = new Kafka({ brokers: brokers.split(','), clientId: 'paysaga-stack', logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({
    groupId: group,
    maxWaitTimeInMs: 50,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: SESSION_TIMEOUT_MS,
    // A consumer that kafkajs restarts after its end would stay in the group, and keep partitions from others.
    retry: { restartOnFailure: async () => false },
  });
  const offsets = [...ends].map(([place, end]) => {
    const [topic = '', partition = ''] = place.split('/');
    return { topic, partition: Number(partition), offset: String(end) };
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics] });
    // Not before it fetches: one that is stopped between joining and fetching does not leave the group.
    const fetching = new Promise<void>((resolve, reject) => {
      consumer.on('consumer.fetch', () => resolve());
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
    });
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    await fetching;
    await consumer.commitOffsets(offsets.filter(({ topic }) => topics.includes(topic)));
  } finally {
    await consumer.disconnect();
  }
}
