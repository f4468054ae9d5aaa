import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { assertDiskSpace } from '../os/disk-space';
import { stopLeftovers } from '../os/pid-file';
import { createPorts, type Ports } from '../os/ports';
import { allOrNone } from '../os/all-or-none';
import type { Log } from '../os/progress';
import { createTeardown, type Teardown } from '../os/teardown';
import { hasDocker, startCompose, type ComposeService } from '../services/compose';
import type { ServiceContext } from '../services/context';
import { externalKafka, externalPostgres, externalTemporal } from '../services/external';
import { startKafka } from '../services/kafka';
import { startPostgres } from '../services/postgres';
import { startTemporal } from '../services/temporal';

/** Where the three services are. */
export interface ServiceAddresses {
  readonly databaseUrl: string;
  /** `host:port`, several with commas. */
  readonly kafkaBrokers: string;
  readonly temporalAddress: string;
  /** Absent for a Temporal that was given by its address alone. */
  readonly temporalUiUrl: string | undefined;
}

export interface Services extends ServiceAddresses {
  /** Stops those that were started here; given ones go on. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** Their data and logs; made when absent. One stack at a time. */
  readonly dataDir: string;
  readonly log: Log;
  /** Filled as they start, so that a stop in the middle of a start leaves nothing behind. */
  readonly teardown?: Teardown;
  /** Try 5432, 9092, 7233 and 8233 before random ports. */
  readonly wellKnownPorts?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** Where other ports of the same stack were taken from. */
  readonly ports?: Ports;
  /** Settings of a local PostgreSQL, over its usual ones. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
}

/** An empty PostgreSQL, Kafka and Temporal take 150 MiB; the rest is for what they are used for. */
const NEEDED_MIB = 300;

/**
 * Finds or makes PostgreSQL, Kafka and Temporal, each from the first that is there: its environment
 * variable, Docker Compose, a local process. What a killed stack left running in the folder is stopped
 * first.
 * @throws Problem when one cannot be had; those that were started are stopped then
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
