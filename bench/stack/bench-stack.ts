import type { Log } from '../../dev/os/progress';
import { createTeardown, type Teardown } from '../../dev/os/teardown';
import { createDatabase, dropDatabase } from '../../dev/services/postgres';
import { prepare } from '../../dev/stack/prepare';
import { processEnvironment } from '../../dev/stack/process-environment';
import type { ServiceAddresses } from '../../dev/stack/stack';
import { type Config, loadConfig } from '../../src/config';

/** As in production, but for the broker, which is one node. */
const SETTINGS = {
  NODE_ENV: 'production',
  FAULT_INJECTION: '0',
  LOG_LEVEL: 'warn',
  KAFKA_PARTITIONS: '12',
  KAFKA_REPLICATION: '1',
};

/** What one measurement runs on: a database and a Temporal namespace of its own, migrated and seeded. */
export interface BenchStack {
  readonly databaseUrl: string;
  readonly config: Config;
  /** For processes of ours. */
  readonly env: NodeJS.ProcessEnv;
  /** For their pid files. */
  readonly dataDir: string;
  /** Where they write a CPU profile when they end. */
  readonly profileDir?: string;
  readonly log: Log;
  /** Run at the measurement's end. */
  readonly teardown: Teardown;
}

export interface BenchStackOptions extends Pick<BenchStack, 'dataDir' | 'profileDir' | 'log'> {
  readonly services: ServiceAddresses;
  readonly name: string;
  /** Runs the stack's own, should the bench end in the middle of a measurement. */
  readonly teardown: Teardown;
}

export async function createBenchStack(options: BenchStackOptions): Promise<BenchStack> {
  const { services, name, ...rest } = options;
  const teardown = createTeardown((error) => options.log(`✗ ${String(error)}`));
  options.teardown.add(() => teardown.run());
  const databaseUrl = await createDatabase(services.databaseUrl, `bench_${name}`);
  teardown.add(() => dropDatabase(databaseUrl));
  const settings = { ...SETTINGS, TEMPORAL_NAMESPACE: `bench-${name}` };
  await prepare({ ...services, databaseUrl }, settings);
  const env = processEnvironment({ ...services, databaseUrl }, settings);
  return { ...rest, databaseUrl, env, config: loadConfig(env), teardown };
}
