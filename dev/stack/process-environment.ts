import { randomBytes } from 'node:crypto';
import { withConnection } from '../../src/platform/database/connection';
import { sessionConfig } from '../../src/platform/database/session';
import type { ServiceAddresses } from '../services/start-services';

/** The name of one of the three processes. */
export type ProcessName = 'api' | 'worker' | 'consumer';

/** The settings of the local stack that differ from the product's defaults. */
const LOCAL_SETTINGS = {
  NODE_ENV: 'development',
  HOST: '127.0.0.1',
  TEMPORAL_NAMESPACE: 'default',
  FAULT_INJECTION: '1',
  KAFKA_PARTITIONS: '6',
  KAFKA_REPLICATION: '1',
  CONSUMER_SESSION_TIMEOUT_MS: '6000',
  CONSUMER_RETRY_DELAYS_MS: '1000,2000,4000',
  COMPENSATION_MAX_INTERVAL_MS: '1000',
  RECONCILIATION_INTERVAL_MS: '60000',
  RECONCILIATION_GRACE: '30s',
};

/**
 * Returns the environment of all three processes: that of this process, over the local settings, and `env` over both.
 * `NODE_ENV` of a shell is ignored, because production refuses fault injection.
 */
export function processEnvironment(services: ServiceAddresses, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...LOCAL_SETTINGS,
    ...(services.temporalUiUrl && { TEMPORAL_UI_URL: services.temporalUiUrl }),
    ...process.env,
    NODE_ENV: LOCAL_SETTINGS.NODE_ENV,
    ...env,
    DATABASE_URL: services.databaseUrl,
    KAFKA_BROKERS: services.kafkaBrokers,
    TEMPORAL_ADDRESS: services.temporalAddress,
  };
}

interface MemoryLimits {
  /** The limit of V8's old generation, in MiB. */
  readonly old: number;
  /** The limit of a semi-space of V8's young generation, in MiB. */
  readonly semi: number;
  /** The arenas of glibc's malloc. Each keeps freed memory that it does not return to the system. */
  readonly arenas: number;
}

/**
 * Keeps each process within its container: 256 MiB, the worker 512 MiB. About 90 MiB are outside the heap. Without
 * limits, V8 derives them from the machine's memory and collects too late. `docker-compose.yml` and `docs/deploy.md`
 * have the same values.
 */
const LIMITS: Record<ProcessName, MemoryLimits> = {
  api: { old: 128, semi: 4, arenas: 1 },
  worker: { old: 256, semi: 8, arenas: 2 },
  consumer: { old: 128, semi: 4, arenas: 1 },
};

/** Whether a name is that of one of the three processes. */
export const isProcessName = (name: string): name is ProcessName => name in LIMITS;

/** Returns the options and environment of `node` for these limits. */
export function memoryLimits(name: ProcessName): {
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
} {
  const { old, semi, arenas } = LIMITS[name];
  return {
    flags: [`--max-old-space-size=${old}`, `--max-semi-space-size=${semi}`],
    env: { MALLOC_ARENA_MAX: String(arenas) },
  };
}

/** The database URL of each process. */
export type ProcessUrls = Readonly<Record<ProcessName, string>>;

const PROCESSES = ['api', 'worker', 'consumer'] as const satisfies readonly ProcessName[];

/**
 * Creates a user with a new password for each process, a member only of that process's role. Users belong to the whole
 * cluster, so their names contain the database's.
 */
export async function createProcessUsers(databaseUrl: string): Promise<ProcessUrls> {
  const password = randomBytes(18).toString('base64url');
  const urls = {} as Record<ProcessName, string>;
  await withConnection(sessionOf(databaseUrl), async (client) => {
    for (const process of PROCESSES) {
      const user = userOf(databaseUrl, process);
      const found = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
      const verb = found.rowCount === 0 ? 'CREATE' : 'ALTER';
      await client.query(`${verb} ROLE ${client.escapeIdentifier(user)} LOGIN PASSWORD '${password}'`);
      await client.query(`GRANT paysaga_${process} TO ${client.escapeIdentifier(user)}`);
      const url = new URL(databaseUrl);
      [url.username, url.password] = [encodeURIComponent(user), password];
      urls[process] = url.href;
    }
  });
  return urls;
}

/** Drops the users of a database that was dropped. */
export async function dropProcessUsers(databaseUrl: string): Promise<void> {
  const server = new URL(databaseUrl);
  server.pathname = '/postgres';
  await withConnection(sessionOf(server.href), async (client) => {
    for (const process of PROCESSES) {
      await client.query(`DROP ROLE IF EXISTS ${client.escapeIdentifier(userOf(databaseUrl, process))}`);
    }
  });
}

const userOf = (databaseUrl: string, process: ProcessName): string =>
  `local_${decodeURIComponent(new URL(databaseUrl).pathname.slice(1))}_${process}`;

const sessionOf = (url: string) => sessionConfig({ url, applicationName: 'paysaga-dev' });
