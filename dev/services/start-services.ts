import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { allOrNone, createTeardown, type Log, Problem, stage, type Teardown } from '../command';
import { assertDiskSpace } from '../os/files';
import { stopLeftovers } from '../os/pid-file';
import { assertAnswers, createPorts, type Ports } from '../os/ports';
import { type ComposeService, hasDocker, startCompose } from './compose';
import { startKafka } from './kafka';
import type { ServiceContext } from './launch';
import { startPostgres } from './postgres';
import { startTemporal } from './temporal';

/** The addresses of the three services. */
export interface ServiceAddresses {
  readonly databaseUrl: string;
  /** The address as `host:port`, or several separated by commas. */
  readonly kafkaBrokers: string;
  readonly temporalAddress: string;
  /** Absent for a Temporal that is given by its address alone. */
  readonly temporalUiUrl: string | undefined;
}

/** Running services. */
export interface Services extends ServiceAddresses {
  /** Stops the services that were started here. Given services go on. */
  stop(): Promise<void>;
}

/** The options of {@link startServices}. */
export interface ServiceOptions {
  /** The folder of their data and logs, created if it is missing. One stack at a time can use it. */
  readonly dataDir: string;
  readonly log: Log;
  /** Filled during the start, so that a stop in between leaves nothing behind. */
  readonly teardown?: Teardown;
  /** Whether 5432, 9092, 7233 and 8233 are tried before random ports. */
  readonly wellKnownPorts?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** The ports of the same stack. */
  readonly ports?: Ports;
  /** Additional settings of a local PostgreSQL. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
}

/** An empty PostgreSQL, Kafka and Temporal take 150 MiB. The rest is for their use. */
const NEEDED_MIB = 300;

/**
 * Finds or starts PostgreSQL, Kafka and Temporal, each from the first that is available: its environment variable,
 * Docker Compose, a local process. Stops what a killed stack left running in the folder first.
 * @throws Problem when a service is not available; those that were started are stopped then
 */
export async function startServices(options: ServiceOptions): Promise<Services> {
  const { dataDir, log, env = process.env } = options;
  const teardown = options.teardown ?? createTeardown();
  mkdirSync(dataDir, { recursive: true });
  await assertDiskSpace(dataDir, NEEDED_MIB);
  if (process.getuid?.() === 0) await chmod(dataDir, 0o755);
  const leftovers = await stopLeftovers(join(dataDir, 'pids'));
  if (leftovers.length > 0) log(`✓ stopped what a killed stack had left: ${leftovers.join(', ')}`);
  const abort = new AbortController();
  teardown.add(async () => abort.abort());
  const context: ServiceContext = {
    dataDir,
    log,
    teardown,
    signal: abort.signal,
    ports: options.ports ?? createPorts(),
    lastPorts: readPorts(dataDir),
    wellKnownPorts: options.wellKnownPorts ?? false,
    postgresSettings: options.postgresSettings ?? {},
  };
  try {
    const addresses = await findServices(context, env, abort);
    writeFileSync(portsFile(dataDir), JSON.stringify(Object.fromEntries(context.lastPorts)));
    return { ...addresses, stop: () => teardown.run() };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function findServices(
  context: ServiceContext,
  env: NodeJS.ProcessEnv,
  abort: AbortController,
): Promise<ServiceAddresses> {
  const given = {
    postgres: env.DATABASE_URL,
    kafka: env.KAFKA_BROKERS,
    temporal: env.TEMPORAL_ADDRESS,
  };
  const missing = (Object.keys(given) as ComposeService[]).filter((name) => !given[name]);
  const inDocker = missing.length > 0 && env.PAYSAGA_SERVICES !== 'local' && (await hasDocker());
  const container = inDocker ? await startCompose(context, missing) : undefined;
  const { log } = context;
  const local = '127.0.0.1';

  async function findPostgres(): Promise<string> {
    if (given.postgres) return externalPostgres(given.postgres, log);
    if (!container) return startPostgres(context);
    return `postgresql://paysaga:paysaga@${local}:${container.POSTGRES_PORT}/paysaga`;
  }
  async function findKafka(): Promise<string> {
    if (given.kafka) return externalKafka(given.kafka, log);
    return container ? `${local}:${container.KAFKA_PORT}` : startKafka(context);
  }
  async function findTemporal(): Promise<{ address: string; uiUrl: string | undefined }> {
    if (given.temporal) return { address: await externalTemporal(given.temporal, log), uiUrl: env.TEMPORAL_UI_URL };
    if (!container) return startTemporal(context);
    const uiUrl = `http://${local}:${container.TEMPORAL_UI_PORT}`;
    return { address: `${local}:${container.TEMPORAL_PORT}`, uiUrl };
  }

  const [databaseUrl, kafkaBrokers, { address, uiUrl }] = await allOrNone(
    [findPostgres(), findKafka(), findTemporal()],
    abort,
  );
  return { databaseUrl, kafkaBrokers, temporalAddress: address, temporalUiUrl: uiUrl };
}

function portsFile(dataDir: string): string {
  return join(dataDir, 'ports.json');
}

function readPorts(dataDir: string): Map<string, number> {
  try {
    const ports = JSON.parse(readFileSync(portsFile(dataDir), 'utf8')) as Record<string, number>;
    return new Map(Object.entries(ports));
  } catch {
    return new Map();
  }
}

/** Older servers lack features that the migrations use. */
const OLDEST_POSTGRES = 15;

/** Waits for an answer of a given server. @returns the URL @throws Problem when it does not answer or is too old */
export async function externalPostgres(url: string, log: Log): Promise<string> {
  await stage(log, 'PostgreSQL, by DATABASE_URL', () => assertUsable(url));
  return url;
}

/** Waits for an answer of the first broker. @returns the brokers @throws Problem when it does not answer */
export async function externalKafka(brokers: string, log: Log): Promise<string> {
  const first = brokers.split(',')[0]?.trim() ?? '';
  await stage(log, 'Kafka, by KAFKA_BROKERS', () => assertAnswers('KAFKA_BROKERS', first));
  return brokers;
}

/** Waits for an answer of the server. @returns the address @throws Problem when it does not answer */
export async function externalTemporal(address: string, log: Log): Promise<string> {
  await stage(log, 'Temporal, by TEMPORAL_ADDRESS', () => assertAnswers('TEMPORAL_ADDRESS', address));
  return address;
}

async function assertUsable(connectionString: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS version`,
    );
    const version = rows[0]?.version ?? 0;
    if (version < OLDEST_POSTGRES)
      throw new Problem(
        `DATABASE_URL names a PostgreSQL ${version}, paysaga needs ${OLDEST_POSTGRES} or newer: unset DATABASE_URL to let the stack make one.`,
      );
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      `DATABASE_URL names a database that cannot be used (${reasonOf(error)}): start it, or unset DATABASE_URL to let the stack make one.`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Returns the message of an error. For several addresses, Node's error has no message, but each of its parts has one.
 */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
