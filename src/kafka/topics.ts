import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../platform/logger';
import { SetupMissing } from '../platform/watch-setup';
import { type Admin, type Kafka, TOPIC_RESOURCE } from './client';
import type { KafkaConfig } from './kafka-config';

/** Which topics to create. */
export interface CreateTopicsOptions {
  readonly kafka: Kafka;
  readonly topics: readonly string[];
  readonly config: KafkaConfig['topics'];
  readonly logger?: Logger;
  /** Defaults to 30 s. */
  readonly deadlineMs?: number;
}

/**
 * Creates missing topics and waits until each partition has a leader. Several processes may call it at once. An
 * existing topic is not changed, because more partitions would move keys and break their order. What {@link
 * findTopicDifferences} finds is logged as a warning.
 *
 * @returns the names of the topics that were created
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
    if (logger) {
      for (const { topic, setting, value, wanted } of await compareTopics(admin, topics, config)) {
        logger.warn({ topic, [setting]: value, wanted }, 'kafka.topic_differs');
      }
    }
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

/** A setting of a topic that differs from the configuration or is unfit. */
export interface TopicDifference {
  readonly topic: string;
  readonly setting: string;
  readonly value: string | number;
  readonly wanted: string | number;
}

/**
 * Finds settings of existing topics that differ: the number of partitions, fewer replicas, a codec that not every
 * consumer reads, a shorter retention. Changes nothing.
 */
export async function findTopicDifferences({
  kafka,
  topics,
  config,
}: Pick<CreateTopicsOptions, 'kafka' | 'topics' | 'config'>): Promise<TopicDifference[]> {
  const admin = kafka.createAdmin();
  await admin.connect();
  try {
    return await compareTopics(admin, topics, config);
  } finally {
    await admin.disconnect();
  }
}

async function compareTopics(
  admin: Admin,
  topics: readonly string[],
  config: KafkaConfig['topics'],
): Promise<TopicDifference[]> {
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
  const shapes = metadata.topics.flatMap(({ name: topic, partitions }) => {
    const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
    return [
      ...(partitions.length === config.partitions
        ? []
        : [{ topic, setting: 'partitions', value: partitions.length, wanted: config.partitions }]),
      ...(replicas >= config.replication
        ? []
        : [{ topic, setting: 'replication', value: replicas, wanted: config.replication }]),
    ];
  });
  return [...shapes, ...(await compareSettings(admin, topics, config))];
}

/** By Kafka's name of a setting: whether a value fits, and which values do. */
const settingRules = (config: KafkaConfig['topics']) =>
  ({
    'compression.type': {
      fits: (value: string) => !['lz4', 'zstd'].includes(value),
      wanted: 'producer, uncompressed, gzip or snappy',
    },
    'cleanup.policy': { fits: (value: string) => value === 'delete', wanted: 'delete' },
    'min.insync.replicas': {
      fits: (value: string) => Number(value) >= config.minInsyncReplicas,
      wanted: config.minInsyncReplicas,
    },
    'retention.ms': {
      fits: (value: string) => Number(value) < 0 || (config.retentionMs >= 0 && Number(value) >= config.retentionMs),
      wanted: config.retentionMs,
    },
  }) satisfies Record<string, { fits: (value: string) => boolean; wanted: string | number }>;

/** Returns nothing if the broker does not let the settings be read. */
async function compareSettings(
  admin: Admin,
  topics: readonly string[],
  config: KafkaConfig['topics'],
): Promise<TopicDifference[]> {
  const rules = settingRules(config);
  const configNames = Object.keys(rules);
  const described = await admin
    .describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: TOPIC_RESOURCE, name, configNames })),
    })
    .catch((error: unknown) => {
      if (isRefusal(error)) return { resources: [] };
      throw error;
    });
  return described.resources.flatMap(({ resourceName: topic, configEntries }) =>
    configEntries.flatMap(({ configName: setting, configValue: value }) => {
      const rule = Object.hasOwn(rules, setting) ? rules[setting as keyof typeof rules] : undefined;
      return !rule || rule.fits(value) ? [] : [{ topic, setting, value, wanted: rule.wanted }];
    }),
  );
}

const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'type' in error && String(error.type).endsWith('_AUTHORIZATION_FAILED');

/**
 * Checks that all topics exist.
 *
 * @throws SetupMissing with the missing topics
 */
export function assertTopics(there: readonly string[], topics: readonly string[]): void {
  const missing = topics.filter((topic) => !there.includes(topic));
  if (missing.length === 0) return;
  const named = missing.length === 1 ? 'topic' : 'topics';
  throw new SetupMissing(`Kafka lacks the ${named} ${missing.join(', ')}`, 'paysaga setup topics');
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
    // Not every broker knows a new topic yet.
    if (isRetriable(error)) return [...topics];
    throw error;
  }
}

const isRetriable = (error: unknown): boolean =>
  error instanceof Error && 'retriable' in error && error.retriable === true;
