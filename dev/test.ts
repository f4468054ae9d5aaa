import { spawn } from 'node:child_process';
import { runCommand, type CommandContext } from './command';
import { fromRoot } from './root';
import { findTemporalTestServer } from './services/temporal-install';
import { startServices } from './stack/stack';
import { temporaryData } from './stack/temporary-data';

/**
 * Runs the whole suite on services of its own, which end with it: nothing of a stack that runs beside it
 * is touched. Services that variables name are used as they are.
 */
async function test({ args, log, teardown }: CommandContext): Promise<number> {
  const { dataDir, remove } = await temporaryData();
  teardown.add(remove);
  const services = await startServices({ dataDir, log, teardown });
  const testServer = await findTemporalTestServer(log);
  const jest = spawn(process.execPath, [fromRoot('node_modules', 'jest', 'bin', 'jest.js'), ...args], {
    cwd: fromRoot(),
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_ENV: 'test',
      DATABASE_URL: services.databaseUrl,
      KAFKA_BROKERS: services.kafkaBrokers,
      TEMPORAL_ADDRESS: services.temporalAddress,
      ...(services.temporalUiUrl && { TEMPORAL_UI_URL: services.temporalUiUrl }),
      TEMPORAL_TEST_SERVER: testServer,
      PAYSAGA_DATA: dataDir,
    },
  });
  const ended = new Promise<number>((resolve) => jest.once('close', (code) => resolve(code ?? 1)));
  teardown.add(async () => {
    jest.kill('SIGTERM');
    await ended;
  });
  return ended;
}

void runCommand(test);
