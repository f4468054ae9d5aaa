import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig } from '../config';
import type { Logger } from '../platform/telemetry/logger';
import type { Admin, Kafka } from './kafka';

export interface CreateTopicsOptions {
  readonly kafka: Kafka;
  readonly topics: readonly string[];
  readonly config: KafkaConfig['topics'];
  readonly logger?: Logger;
  /** 30 s unless told. */
  readonly deadlineMs?: number;
}

/**
 * Makes the topics that are missing and waits until each partition has a leader. Safe to call from
 * several processes at once. A topic that is there is left as it is: more partitions would send a key
 * elsewhere, and its order would be lost. One with another number of partitions is warned about.
 *
 * @returns the names of those that were made now
 * @throws Error when the broker cannot be reached or a topic has no leader within the deadline
 */
export async function createTopics(options: CreateTopicsOptions): Promise<string[]> {
  const { kafka, topics, config, logger, deadlineMs = 30_000 } = options;
  const admin = kafka.createAdmin();
  await admin.connect();
  try {
    const there = new Set(await admin.listTopics());
    const missing = topics.filter((topic) => !there.has(topic));
    if (missing.length > 0) {
      await admin.createTopics({ topics: missing.map((topic) => specification(topic, config)), waitForLeaders: false });
      logger?.info({ topics: missing, ...config }, 'kafka.topics_created');
    }
    await waitForLeaders(admin, topics, Date.now() + deadlineMs);
    if (logger) await warnOfOthers(admin, topics, config, logger);
    return missing;
  } finally {
    await admin.disconnect();
  }
}

const specification = (topic: string, config: KafkaConfig['topics']) => ({
  topic,
  numPartitions: config.partitions,
  replicationFactor: config.replication,
  configEntries: [
    { name: 'retention.ms', value: String(config.retentionMs) },
    { name: 'min.insync.replicas', value: String(config.minInsyncReplicas) },
  ],
});

async function warnOfOthers(
  admin: Admin,
  topics: readonly string[],
  { partitions: wanted }: KafkaConfig['topics'],
  logger: Logger,
): Promise<void> {
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
  for (const { name, partitions } of metadata.topics) {
    if (partitions.length === wanted) continue;
    logger.warn({ topic: name, partitions: partitions.length, wanted }, 'kafka.topic_differs');
  }
}

async function waitForLeaders(admin: Admin, topics: readonly string[], deadline: number): Promise<void> {
  for (;;) {
    const waiting = await withoutLeader(admin, topics);
    if (waiting.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Kafka has no leader yet for ${waiting.join(', ')}.`);
    await delay(100);
  }
}

async function withoutLeader(admin: Admin, topics: readonly string[]): Promise<string[]> {
  try {
    const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
    return metadata.topics
      .filter(({ partitions }) => partitions.length === 0 || partitions.some(({ leader }) => leader < 0))
      .map(({ name }) => name);
  } catch (error) {
    // A topic made a moment ago is not known to every broker yet.
    if (isRetriable(error)) return [...topics];
    throw error;
  }
}

const isRetriable = (error: unknown): boolean =>
  error instanceof Error && 'retriable' in error && error.retriable === true;
