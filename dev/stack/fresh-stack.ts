import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { consumers, eventRegistry } from '../../src/application';
import type { ConsumerDefinition } from '../../src/kafka/received-event';
import { mendRequestQueues } from '../../src/kafka/socket';
import { type ApiKeys, type Clients, createClients } from '../../testing/api-client';
import { type Checker, createChecker } from '../../testing/checker/checker';
import { query } from '../../testing/checker/snapshot.sql';
import { createTopicReader, type TopicEnds } from '../../testing/checker/topic-reader';
import { eventually } from '../../testing/eventually';
import { createTeardown } from '../command';
import { readJson, writeJson } from '../os/files';
import { identify, isAlive, type ProcessIdentity, stopLeftovers } from '../os/pid-file';
import { createDatabase, dropDatabase } from '../services/postgres';
import { postgresData, postgresUser } from '../services/postgres-install';
import type { ServiceAddresses } from '../services/start-services';
import { ensureApiKeys, newWebhookSecret, prepare } from './prepare';
import { dropProcessUsers, type ProcessUrls } from './process-environment';
import { type Processes, type ProcessesOptions, startProcesses } from './processes';
import { type ProviderProcess, startProvider } from './provider-process';

/** The options of {@link startFreshStack}. */
export interface FreshStackOptions extends Pick<ProcessesOptions, 'dataDir' | 'restart' | 'takePort' | 'untilReady'> {
  /** The services. The stack gets a new database in their cluster. */
  readonly services: ServiceAddresses;
  readonly env?: NodeJS.ProcessEnv;
  readonly envOf?: NonNullable<ProcessesOptions['envOf']>;
  /** Makes `envOf` from the URL of the new database and those of the processes, before these start. */
  readonly envOfUrls?: (databaseUrl: string, urls: ProcessUrls) => Promise<NonNullable<ProcessesOptions['envOf']>>;
}

/** A stack that ends with its user. */
export interface FreshStack extends Clients {
  readonly processes: Processes;
  /** The test payment provider and carrier. Their books end with the stack. */
  readonly provider: ProviderProcess;
  readonly checker: Checker;
  readonly keys: ApiKeys;
  /** The secret of `POST /webhooks/payments`. */
  readonly webhookSecret: string;
  /** The services as the processes use them, with the new database. */
  readonly services: ServiceAddresses;
  readonly namespace: string;
  /** The log lines of the processes so far, each after the name of its process. */
  readonly log: readonly string[];
  /** Runs one statement past the product, to look at its data. */
  query<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  /** Stops the processes and drops the database. */
  stop(): Promise<void>;
}

/**
 * Starts the three processes with a new database and Temporal namespace. Topics and consumer groups have fixed names,
 * so a stack begins at their present ends, and only one can run on a broker at a time.
 */
export async function startFreshStack(options: FreshStackOptions): Promise<FreshStack> {
  const { dataDir, restart, envOf, takePort, untilReady = false } = options;
  const teardown = createTeardown();
  const name = `fresh_${randomBytes(5).toString('hex')}`;
  const databaseUrl = await createDatabase(options.services.databaseUrl, name);
  teardown.add(async () => {
    await dropDatabase(databaseUrl);
    await dropProcessUsers(databaseUrl);
  });
  const services = { ...options.services, databaseUrl };
  const webhookSecret = newWebhookSecret();
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);

  try {
    // Started before the processes, so that it ends after them.
    const provider = await startProvider({ dataDir, log, restart, teardown });
    const env = { ...provider.env, PAYMENT_WEBHOOK_SECRET: webhookSecret, ...options.env, TEMPORAL_NAMESPACE: name };
    const databaseUrls = await prepare(services, env);
    const [since, keys] = await Promise.all([beginAtEnds(services.kafkaBrokers), ensureApiKeys(databaseUrl)]);
    const ofUrls = databaseUrls && (await options.envOfUrls?.(databaseUrl, databaseUrls));
    const processes = await startProcesses({
      services,
      databaseUrls,
      dataDir,
      env,
      ...((envOf ?? ofUrls) && { envOf: { ...envOf, ...ofUrls } }),
      log,
      restart,
      teardown,
      untilReady,
      ...(takePort && { takePort }),
    });
    return {
      ...createClients(processes.api.url, keys),
      processes,
      provider,
      checker: createChecker({ databaseUrl, kafkaBrokers: services.kafkaBrokers, readBooks: provider.allBooks, since }),
      keys,
      webhookSecret,
      services,
      namespace: name,
      log: lines,
      query: (sql, ...values) => query(databaseUrl, sql, values),
      stop: () => teardown.run(),
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

/** Returns the ends of the topics and moves every group there, because earlier messages belong to other stacks. */
async function beginAtEnds(brokers: string): Promise<TopicEnds> {
  const topics = await createTopicReader(brokers, eventRegistry.topics);
  try {
    const ends = await topics.ends();
    await Promise.all(consumers.map((consumer) => skipToEnds(brokers, consumer, ends)));
    return ends;
  } finally {
    await topics.close();
  }
}

/** The time until the broker removes a killed consumer from the group. */
const DEADLINE_MS = 40_000;
const SESSION_TIMEOUT_MS = 6_000;

/** Moves a consumer group to the ends of its topics, by joining it for a moment. */
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
    // A consumer that kafkajs restarts after its end would stay in the group and keep its partitions.
    retry: { restartOnFailure: async () => false },
  });
  const offsets = [...ends].map(([place, end]) => {
    const [topic = '', partition = ''] = place.split('/');
    return { topic, partition: Number(partition), offset: String(end) };
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics] });
    // Stops the consumer only after it fetches: a consumer that is stopped between joining and fetching does not leave
    // its group.
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

const PREFIX = 'paysaga-test-';
const OWNER = 'owner.json';

/**
 * Creates a data folder outside the clone, for a stack that ends with this process. Removes the folders of killed
 * processes first, and ends what they left running.
 * @returns the folder, and a function that removes it once the services are stopped
 */
export async function temporaryData(): Promise<{ dataDir: string; remove: () => Promise<void> }> {
  await removeAbandoned();
  const dataDir = mkdtempSync(join(tmpdir(), PREFIX));
  writeJson(join(dataDir, OWNER), identify(process.pid));
  return { dataDir, remove: () => remove(dataDir) };
}

async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))) {
    const dataDir = join(tmpdir(), name);
    const owner = readJson<ProcessIdentity>(join(dataDir, OWNER));
    if (owner && !isAlive(owner)) await remove(dataDir);
  }
}

async function remove(dataDir: string): Promise<void> {
  await stopLeftovers(join(dataDir, 'pids'));
  rmSync(postgresData(dataDir, await postgresUser()), { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
}
