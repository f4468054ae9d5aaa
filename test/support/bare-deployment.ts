import { join } from 'node:path';
import { createTeardown } from '../../dev/command';
import { run, type RunResult, startChild } from '../../dev/os/child';
import { fromRoot } from '../../dev/os/files';
import { createPorts } from '../../dev/os/ports';
import { createDatabase, dropDatabase } from '../../dev/services/postgres';
import { type ApiClient, createApiClient } from '../../testing/api-client';
import { dataFolder, givenServices } from './e2e-stack';
import { assertAllowed } from './http/contract';
import { judgeExchanges } from './http/judged-client';
import { uniqueName } from './kafka/kafka';
import { type OwnService, startOwnService } from './own-service';

const CLI = fromRoot('dist', 'src', 'cli.js');
const NAMES = ['api', 'worker', 'consumer'] as const;
export type ProcessName = (typeof NAMES)[number];

export interface LogLine {
  readonly name: ProcessName;
  readonly msg: string;
  readonly missing?: string;
  readonly command?: string;
  readonly reason?: string;
  readonly saga_id?: string;
  readonly level: string;
}

/** What a team has before the first deploy: an empty database, a broker without topics, no Temporal namespace. */
export interface BareDeployment {
  readonly database: string;
  readonly broker: string;
  readonly temporal: string;
  readonly namespace: string;
  /** Runs the built command with no variables but these, and PATH. */
  paysaga(args: string, env?: Readonly<Record<string, string>>): Promise<RunResult>;
  /** All settings of the processes. */
  readonly settings: Readonly<Record<string, string>>;
  /** Begins the three processes, as production does. */
  serve(): Promise<void>;
  /** Where each answers HTTP. */
  readonly urls: Readonly<Record<ProcessName, string>>;
  api(key?: string): ApiClient;
  /** What the processes have logged so far. */
  readonly log: readonly LogLine[];
  stop(): Promise<void>;
}

/**
 * Only services are started here: what they need is made by the product's own commands.
 *
 * @param node the Node.js that runs them; defaults to that of the test
 */
export async function startBareDeployment(node = process.execPath): Promise<BareDeployment> {
  const teardown = createTeardown();
  const name = uniqueName('bare').replaceAll('-', '_');
  try {
    const given = givenServices();
    const database = await createDatabase(given.databaseUrl, name);
    teardown.add(() => dropDatabase(database));
    const kafka: OwnService = await startOwnService('kafka');
    teardown.add(() => kafka.stop());
    const broker = kafka.addresses.kafkaBrokers;
    const ports = createPorts();
    const taken = { api: await ports.take(), worker: await ports.take(), consumer: await ports.take() };
    const urls = {
      api: `http://127.0.0.1:${taken.api}`,
      worker: `http://127.0.0.1:${taken.worker}`,
      consumer: `http://127.0.0.1:${taken.consumer}`,
    };
    const settings = {
      DATABASE_URL: database,
      KAFKA_BROKERS: broker,
      KAFKA_REPLICATION: '1',
      TEMPORAL_ADDRESS: given.temporalAddress,
      TEMPORAL_NAMESPACE: name,
    };
    const base = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
    const log: LogLine[] = [];
    const violations: string[] = [];

    const begin = (process_: ProcessName): void => {
      const own = process_ === 'api' ? { PORT: `${taken.api}` } : { METRICS_PORT: `${taken[process_]}` };
      const child = startChild({
        command: node,
        args: [CLI, 'serve', process_],
        env: { ...base, ...settings, ...own, HOST: '127.0.0.1', CONSUMER_SESSION_TIMEOUT_MS: '6000' },
        output: (line) => void log.push(read(line, process_)),
        pidFile: join(dataFolder(), 'pids', `${name}-${process_}.pid`),
        stopTimeoutMs: 20_000,
      });
      teardown.add(() => child.stop());
    };

    return {
      database,
      broker,
      temporal: given.temporalAddress,
      namespace: name,
      settings,
      urls,
      log,
      paysaga: (args, env = settings) =>
        run(node, [CLI, ...args.split(' ')], { env: { ...base, ...env }, timeoutMs: 150_000, cwd: '/' }),
      async serve() {
        for (const process_ of NAMES) begin(process_);
        await createApiClient(urls.api).callUntilAnswered('GET', '/health/live', { deadlineMs: 30_000 });
      },
      api: (key) => judgeExchanges(createApiClient(urls.api, key), violations),
      async stop() {
        await teardown.run();
        assertAllowed(violations);
      },
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

function read(line: string, name: ProcessName): LogLine {
  try {
    return { ...(JSON.parse(line) as LogLine), name };
  } catch {
    return { name, msg: line, level: '' };
  }
}
