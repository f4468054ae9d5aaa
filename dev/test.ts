import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type CommandContext, type Log, runCommand, type Teardown } from './command';
import { fromRoot } from './os/files';
import { startServices } from './services/start-services';
import { findTemporalTestServer } from './services/temporal';
import { temporaryData } from './stack/fresh-stack';

interface Part {
  readonly paths: readonly string[];
  /** Topics and consumer groups of whole stacks have fixed names, so only one stack can run on a broker at a time. */
  readonly ownBroker?: true;
}

const OTHERS: Part = { paths: ['test/unit', 'test/integration', 'test/workflows'] };

/** The parts of the suite. They run in parallel, each file by file, because most of the time they wait. */
const PARTS: readonly Part[] = [
  { paths: ['test/e2e/kills', 'test/e2e/service'] },
  { paths: ['test/e2e/failures', 'test/e2e/sagas'], ownBroker: true },
  OTHERS,
];
/** The parts for a given broker, which is the only one. */
const PARTS_ON_ONE_BROKER: readonly Part[] = [{ paths: ['test/e2e'] }, OTHERS];

/**
 * Defaults that nothing in the service may depend on, each set to an unusual value. The suite's own queries past the
 * service set what they need.
 */
const OTHER_DEFAULTS = {
  TimeZone: 'America/New_York',
  log_timezone: 'UTC',
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  default_transaction_isolation: 'serializable',
  bytea_output: 'escape',
  extra_float_digits: '0',
  statement_timeout: '4min',
};
const OTHER_ZONE = 'Pacific/Auckland';

/** The part of Jest's `--json` output that is summed up. */
type Counts = Record<
  'numPassedTests' | 'numFailedTests' | 'numRuntimeErrorTestSuites' | 'numPendingTests' | 'numTodoTests',
  number
>;

/**
 * Runs the tests on new services, which end with them and touch no running stack. Services that environment variables
 * name are used as they are.
 */
async function test({ args, log, teardown }: CommandContext): Promise<number> {
  const { dataDir, remove } = await temporaryData();
  teardown.add(remove);
  const services = await startServices({ dataDir, log, teardown, postgresSettings: OTHER_DEFAULTS });
  const env = {
    NODE_ENV: 'test',
    TZ: OTHER_ZONE,
    DATABASE_URL: services.databaseUrl,
    KAFKA_BROKERS: services.kafkaBrokers,
    TEMPORAL_ADDRESS: services.temporalAddress,
    ...(services.temporalUiUrl && { TEMPORAL_UI_URL: services.temporalUiUrl }),
    TEMPORAL_TEST_SERVER: await findTemporalTestServer(log),
    PAYSAGA_DATA: dataDir,
  };
  const flags = args.filter((arg) => arg !== '--json' && !arg.startsWith('--outputFile='));
  if (flags.some((arg) => !arg.startsWith('-'))) return runJest({ args, env, teardown });

  const parts = process.env.KAFKA_BROKERS ? PARTS_ON_ONE_BROKER : PARTS;
  const results = parts.map((_, part) => join(dataDir, `jest-${part}.json`));
  const codes = await Promise.all(
    parts.map(async ({ paths, ownBroker }, part) => {
      // A failed test may leave a relay running, which would keep Jest from ending.
      const args = [...flags, '--forceExit', '--json', `--outputFile=${results[part]}`, ...paths];
      if (!ownBroker) return runJest({ args, env, teardown, log });
      const { kafkaBrokers } = await startServices({
        dataDir: join(dataDir, `part-${part}`),
        log,
        teardown,
        env: { ...process.env, ...env, KAFKA_BROKERS: '' },
      });
      return runJest({ args, env: { ...env, KAFKA_BROKERS: kafkaBrokers }, teardown, log });
    }),
  );
  const counts = addUp(results.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Counts));
  const outputFile = args.find((arg) => arg.startsWith('--outputFile='))?.slice('--outputFile='.length);
  if (outputFile !== undefined) writeFileSync(outputFile, JSON.stringify(counts));
  log(`\nAltogether: ${counts.numPassedTests} passed, ${counts.numFailedTests} failed.`);
  return Math.max(...codes);
}

const addUp = (results: readonly Counts[]): Counts =>
  results.reduce(
    (sum, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests }) => ({
      numPassedTests: sum.numPassedTests + numPassedTests,
      numFailedTests: sum.numFailedTests + numFailedTests,
      numRuntimeErrorTestSuites: sum.numRuntimeErrorTestSuites + numRuntimeErrorTestSuites,
      numPendingTests: sum.numPendingTests + numPendingTests,
      numTodoTests: sum.numTodoTests + numTodoTests,
    }),
  );

void runCommand(test);

/** The options of {@link runJest}. */
export interface JestOptions {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly teardown: Teardown;
  /** Gets its lines. Without it, Jest writes to the terminal. */
  readonly log?: Log;
}

/** Runs Jest to its end. @returns its exit code */
export function runJest({ args, env, teardown, log }: JestOptions): Promise<number> {
  const output = log ? 'pipe' : 'inherit';
  const jest = spawn(process.execPath, [fromRoot('node_modules', 'jest', 'bin', 'jest.js'), ...args], {
    cwd: fromRoot(),
    stdio: ['inherit', output, output],
    env: { ...process.env, ...env },
  });
  for (const stream of [jest.stdout, jest.stderr]) if (stream && log) createInterface(stream).on('line', log);
  const ended = new Promise<number>((resolve) => jest.once('close', (code) => resolve(code ?? 1)));
  teardown.add(async () => {
    jest.kill('SIGTERM');
    await ended;
  });
  return ended;
}
