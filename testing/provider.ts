import { serve } from '@hono/node-server';
import { createProviderApp, openJournal, type ProviderEntry } from './provider/provider-app';

/**
 * Runs the test provider and carrier as a process: `PROVIDER_PORT` on `PROVIDER_HOST` (loopback), with its journal in
 * the file `PROVIDER_JOURNAL`.
 */
function main(): void {
  const { PROVIDER_HOST = '127.0.0.1', PROVIDER_PORT, PROVIDER_JOURNAL } = process.env;
  if (!PROVIDER_PORT || !PROVIDER_JOURNAL) {
    process.stderr.write('PROVIDER_PORT and PROVIDER_JOURNAL are needed; `npm start` sets them.\n');
    process.exit(2);
  }
  const journal = openJournal<ProviderEntry>(PROVIDER_JOURNAL);
  const { fetch } = createProviderApp(journal);
  const server = serve({ fetch, hostname: PROVIDER_HOST, port: Number(PROVIDER_PORT) }, ({ address, port }) => {
    process.stdout.write(`provider listens on ${address}:${port}\n`);
  });
  const end = (): void => {
    journal.close();
    process.exit(0);
  };
  server.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  process.once('SIGTERM', end).once('SIGINT', end);
}

main();
