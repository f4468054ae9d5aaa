import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checker, createChecker } from '../../dev/checker/checker';
import { query } from '../../dev/checker/rows.sql';
import { createTopicReader, type TopicEnds } from '../../dev/checker/topic-messages';
import { type Clients, createClients } from '../../dev/client/clients';
import { createTeardown } from '../../dev/os/teardown';
import { createDatabase, dropDatabase } from '../../dev/services/postgres';
import { prepare } from '../../dev/stack/prepare';
import { type Processes, type ProcessesOptions, startProcesses } from '../../dev/stack/processes';
import { type ApiKeys, ensureApiKeys } from '../../dev/stack/secrets';
import type { ServiceAddresses } from '../../dev/stack/stack';
import { consumers, eventRegistry } from '../../src/application';
import { uniqueName } from './kafka';
import { skipToEnds } from './skip-to-ends';

export interface E2eOptions extends Partial<Pick<ProcessesOptions, 'env' | 'envOf' | 'restart'>> {
  /** Instead of those that `npm test` gives, as the processes get them. */
  readonly services?: Partial<ServiceAddresses>;
}

export interface E2eStack extends Clients {
  readonly processes: Processes;
  readonly checker: Checker;
  readonly keys: ApiKeys;
  readonly databaseUrl: string;
  readonly services: ServiceAddresses;
  /** What the processes have logged so far, line by line, each behind the name of its process. */
  readonly log: readonly string[];
  /** One statement past the product, for looking. */
  query<Row>(sql: string, ...values: unknown[]): Promise<Row[]>;
  /** Stops the processes and drops the database. */
  stop(): Promise<void>;
}

/**
 * The three processes, for one test file: on a database and a Temporal namespace of its own. Topics and
 * groups have fixed names, so the file begins where the ones before ended: files run one after the other.
 */
export async function startE2eStack(options: E2eOptions = {}): Promise<E2eStack> {
  const teardown = createTeardown();
  const given = { ...givenServices(), ...options.services };
  const name = uniqueName('e2e').replace('-', '_');
  const databaseUrl = await createDatabase(given.databaseUrl, name);
  teardown.add(() => dropDatabase(databaseUrl));
  const services = { ...given, databaseUrl };
  const env = { TEMPORAL_NAMESPACE: name, NODE_ENV: 'development', ...options.env };
  const log: string[] = [];

  try {
    await prepare(services, env);
    const [since, keys] = await Promise.all([endsOf(services.kafkaBrokers), ensureApiKeys(databaseUrl)]);
    const dataDir = process.env.PAYSAGA_DATA ?? temporaryFolder(teardown.add);
    const processes = await startProcesses({
      services,
      dataDir,
      env,
      ...(options.envOf && { envOf: options.envOf }),
      log: (line) => void log.push(line),
      restart: options.restart ?? true,
      teardown,
    });
    return {
      ...createClients(processes.api.url, keys),
      processes,
      checker: createChecker({ databaseUrl, kafkaBrokers: services.kafkaBrokers, since }),
      keys,
      databaseUrl,
      services,
      log,
      query: (sql, ...values) => query(databaseUrl, sql, values),
      stop: () => teardown.run(),
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

/** Where the topics end, and every group with them: what other files left there is not this one's. */
async function endsOf(brokers: string): Promise<TopicEnds> {
  const topics = await createTopicReader(brokers, eventRegistry.topics);
  try {
    const ends = await topics.ends();
    await Promise.all(consumers.map((consumer) => skipToEnds(brokers, consumer, ends)));
    return ends;
  } finally {
    await topics.close();
  }
}

/** The services of `npm test`. */
export function givenServices(): ServiceAddresses {
  const { DATABASE_URL, KAFKA_BROKERS, TEMPORAL_ADDRESS, TEMPORAL_UI_URL } = process.env;
  if (!DATABASE_URL || !KAFKA_BROKERS || !TEMPORAL_ADDRESS) {
    throw new Error('DATABASE_URL, KAFKA_BROKERS or TEMPORAL_ADDRESS is not set: run the tests with `npm test`.');
  }
  return {
    databaseUrl: DATABASE_URL,
    kafkaBrokers: KAFKA_BROKERS,
    temporalAddress: TEMPORAL_ADDRESS,
    temporalUiUrl: TEMPORAL_UI_URL,
  };
}

/** A folder that goes with the file's stack. */
export function temporaryFolder(onEnd: (remove: () => Promise<void>) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'paysaga-e2e-'));
  onEnd(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
