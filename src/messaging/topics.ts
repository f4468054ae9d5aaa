import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig } from '../kafka-config';
import { SetupMissing } from '../platform/setup-missing';
import type { Logger } from '../platform/telemetry/logger';
import { type Admin, type Kafka, TOPIC_RESOURCE } from './kafka';

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
 * elsewhere, and its order would be lost. What {@link findTopicDifferences} finds is logged as a warning.
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

/** A setting of a topic that is not as configured, or not good for it. */
export interface TopicDifference {
  readonly topic: string;
  readonly setting: string;
  readonly value: string | number;
  readonly wanted: string | number;
}

/**
 * What is odd about topics that were made by somebody else, or by other settings: other partitions, fewer replicas, a
 * codec that not every consumer reads, messages that go sooner. Nothing is changed.
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

/** By Kafka's name of a setting: whether a value is fit, and which are. */
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

/** None where the broker does not let these be read. */
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

/** @throws SetupMissing when some of the topics are not among those that are there */
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
    // A topic made a moment ago is not known to every broker yet.
    if (isRetriable(error)) return [...topics];
    throw error;
  }
}

const isRetriable = (error: unknown): boolean =>
  error instanceof Error && 'retriable' in error && error.retriable === true;
