import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type CommandContext } from './command';
import { runJest } from './jest';
import { findTemporalTestServer } from './services/temporal-install';
import { startServices } from './stack/stack';
import { temporaryData } from './stack/temporary-data';

/**
 * The whole suite as two that run beside each other, each file by file: end-to-end files have the topics and
 * consumer groups with fixed names to themselves, and mostly wait; the others make topics of their own.
 */
const PARTS = [['test/e2e'], ['test/unit', 'test/integration', 'test/workflows']];

/** What `--json` writes, as far as it is summed up here. */
type Counts = Record<
  'numPassedTests' | 'numFailedTests' | 'numRuntimeErrorTestSuites' | 'numPendingTests' | 'numTodoTests',
  number
>;

/**
 * Runs the tests on services of their own, which end with them: nothing of a stack that runs beside them
 * is touched. Services that variables name are used as they are.
 */
async function test({ args, log, teardown }: CommandContext): Promise<number> {
  const { dataDir, remove } = await temporaryData();
  teardown.add(remove);
  const services = await startServices({ dataDir, log, teardown });
  const env = {
    NODE_ENV: 'test',
    DATABASE_URL: services.databaseUrl,
    KAFKA_BROKERS: services.kafkaBrokers,
    TEMPORAL_ADDRESS: services.temporalAddress,
    ...(services.temporalUiUrl && { TEMPORAL_UI_URL: services.temporalUiUrl }),
    TEMPORAL_TEST_SERVER: await findTemporalTestServer(log),
    PAYSAGA_DATA: dataDir,
  };
  const flags = args.filter((arg) => arg !== '--json' && !arg.startsWith('--outputFile='));
  if (flags.some((arg) => !arg.startsWith('-'))) return runJest({ args, env, teardown });

  const results = PARTS.map((_, part) => join(dataDir, `jest-${part}.json`));
  const codes = await Promise.all(
    PARTS.map((paths, part) =>
      runJest({ args: [...flags, '--json', `--outputFile=${results[part]}`, ...paths], env, teardown, log }),
    ),
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
