import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { Client } from 'pg';
import { createTeardown, type Log, Problem, type Teardown } from '../dev/command';
import { startChild } from '../dev/os/child';
import { fromRoot } from '../dev/os/files';
import { waitUntil } from '../dev/os/ports';
import { createDatabase, dropDatabase } from '../dev/services/postgres';
import type { ServiceAddresses } from '../dev/services/start-services';
import { prepare } from '../dev/stack/prepare';
import { isProcessName, memoryLimits, processEnvironment } from '../dev/stack/process-environment';
import { type Config, loadConfig } from '../src/config';

/** What one round found: ours and the raw limit, in the measurement's unit. */
export interface Round {
  readonly ours: number;
  readonly limit: number;
  /** What they are made of, and what else was seen: into the JSON only. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** One ratio of the design's section 15. */
export interface Measurement {
  readonly name: string;
  readonly unit: string;
  /** Of a `lower` figure, as a latency is, the ratio is limit ÷ ours: above 1 is always better. */
  readonly better: 'higher' | 'lower';
  /** The ratio to reach. */
  readonly goal: number;
  /** Gets what it needs ready, on a fresh stack. @returns measures ours and the limit in turn, once */
  readonly prepare: (stack: BenchStack) => Promise<() => Promise<Round>>;
}

/** Per second for work that does one after the other, each of which alone runs at these rates. */
export const inSequence = (...rates: readonly number[]): number =>
  1 / rates.reduce((seconds, rate) => seconds + 1 / rate, 0);

/** As in production, but for the broker, which is one node. */
const SETTINGS = {
  NODE_ENV: 'production',
  FAULT_INJECTION: '0',
  LOG_LEVEL: 'warn',
  KAFKA_PARTITIONS: '12',
  KAFKA_REPLICATION: '1',
};

/** What one measurement runs on: a fresh database and Temporal namespace, migrated and seeded. */
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

/** A connection to the measurement's database, which ends with it. */
export async function connectClient({ databaseUrl, teardown }: BenchStack): Promise<Client> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  teardown.add(() => client.end());
  return client;
}

export interface ProcessOptions {
  /** The built program, below `dist/`. */
  readonly program: string;
  readonly env?: NodeJS.ProcessEnv;
  /** True once it works. */
  readonly ready: () => Promise<boolean>;
}

/** A process that is measured, or is the limit of one. */
export interface BenchProcess {
  readonly pid: number;
  /** Ends it in good order; resolves when it is gone. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/** Starts a process as the stack does, and waits until it works. @throws Problem when it does not */
export async function startProcess(stack: BenchStack, { program, env, ready }: ProcessOptions): Promise<BenchProcess> {
  const { name } = parse(program);
  const limits = isProcessName(name) ? memoryLimits(name) : undefined;
  stack.teardown.assertOpen();
  const child = startChild({
    command: process.execPath,
    args: [...(limits?.flags ?? []), ...profiling(stack), fromRoot('dist', program)],
    env: { ...stack.env, ...limits?.env, ...env },
    pidFile: join(stack.dataDir, 'pids', `${name}-${randomBytes(4).toString('hex')}.pid`),
    output: (line) => stack.log(`${name} │ ${line}`),
    stopTimeoutMs: 20_000,
  });
  stack.teardown.add(() => child.stop());
  const up = await waitUntil(async () => !child.isRunning() || (await ready()), { timeoutMs: START_TIMEOUT_MS });
  if (!up || !child.isRunning()) throw new Problem(`${name} did not come up; its output above says why.`);
  return { pid: child.pid, stop: () => child.stop() };
}

const profiling = ({ profileDir }: BenchStack): string[] =>
  profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];

/** Resident memory of a process in MiB, from Linux's `/proc` (proc(5), VmRSS). */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`Process ${pid} has no resident memory.`);
  return Number(kib) / 1024;
}
