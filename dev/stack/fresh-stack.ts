import { randomBytes } from 'node:crypto';
import { type Checker, createChecker } from '../checker/checker';
import { query } from '../checker/rows.sql';
import { createTopicReader, type TopicEnds } from '../checker/topic-messages';
import { type Clients, createClients } from '../client/clients';
import { createTeardown } from '../os/teardown';
import { createDatabase, dropDatabase } from '../services/postgres';
import { consumers, eventRegistry } from '../../src/application';
import { prepare } from './prepare';
import { type Processes, type ProcessesOptions, startProcesses } from './processes';
import { dropProcessUsers, type ProcessUrls } from './process-users';
import { type ProviderProcess, startProvider } from './provider-process';
import { type ApiKeys, ensureApiKeys, newWebhookSecret } from './secrets';
import { skipToEnds } from './skip-to-ends';
import type { ServiceAddresses } from './stack';

export interface FreshStackOptions extends Pick<ProcessesOptions, 'dataDir' | 'restart' | 'takePort' | 'untilReady'> {
  /** The database names the cluster: the stack gets a new one of it. */
  readonly services: ServiceAddresses;
  readonly env?: NodeJS.ProcessEnv;
  readonly envOf?: NonNullable<ProcessesOptions['envOf']>;
  /** `envOf` made of the new database's URL and those of the processes, before these start. */
  readonly envOfUrls?: (databaseUrl: string, urls: ProcessUrls) => Promise<NonNullable<ProcessesOptions['envOf']>>;
}

export interface FreshStack extends Clients {
  readonly processes: Processes;
  /** The test payment provider and carrier, whose books end with the stack. */
  readonly provider: ProviderProcess;
  readonly checker: Checker;
  readonly keys: ApiKeys;
  /** Of `POST /webhooks/payments`. */
  readonly webhookSecret: string;
  /** As the processes have them, the new database among them. */
  readonly services: ServiceAddresses;
  readonly namespace: string;
  /** What the processes have logged so far, line by line, each behind the name of its process. */
  readonly log: readonly string[];
  /** One statement past the product, for looking. */
  query<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  /** Stops the processes and drops the database. */
  stop(): Promise<void>;
}

/**
 * The three processes on a database and a Temporal namespace of their own. Topics and consumer groups
 * have fixed names, so a stack begins where the ones before ended, and only one runs on a broker at a time.
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
    // Before the processes, so that it ends after them.
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

/** Where the topics end, and every group with them: what others left there is not this stack's. */
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
