import { join } from 'node:path';
import { Problem } from '../../../dev/command';
import { lastLines, run } from '../../../dev/os/child';
import { cacheDirectory, once } from '../../../dev/os/files';

const VERSION = 'v2.12.0';

/**
 * The fault proxy's server: `toxiproxy-server` on PATH, or built with Go once for this machine (half a minute).
 *
 * @throws Problem when there is neither
 */
export async function findToxiproxy(): Promise<string> {
  if ((await run('toxiproxy-server', ['-version'])).code === 0) return 'toxiproxy-server';
  return join(await once(join(cacheDirectory(), `toxiproxy-${VERSION}`), build), 'server');
}

async function build(into: string): Promise<void> {
  const { code, output } = await run('go', ['install', `github.com/Shopify/toxiproxy/v2/cmd/server@${VERSION}`], {
    cwd: into,
    env: { ...process.env, GOBIN: into },
  });
  if (code === 0) return;
  if (code === null) {
    throw new Problem(
      'The tests of the network between relay and broker need Toxiproxy, and Go is not there to build it: install toxiproxy-server, or Go 1.23 (on Debian: `apt-get install golang`).',
    );
  }
  throw new Problem(`Toxiproxy could not be built with Go: ${lastLines(output)}`);
}
