import { join } from 'node:path';
import { Problem } from '../../../../dev/command';
import { lastLines, run, startChild } from '../../../../dev/os/child';
import { cacheDirectory, once } from '../../../../dev/os/files';
import { createPorts } from '../../../../dev/os/ports';
import { eventually, must } from '../../../../testing/eventually';
import { dataFolder } from '../../e2e-stack';

const VERSION = 'v0.203.0';

export interface StripeMock {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Stripe's own `stripe-mock`: it checks each request against Stripe's OpenAPI description, and answers with fixtures.
 * It keeps no state (https://github.com/stripe/stripe-mock).
 */
export async function startStripeMock(): Promise<StripeMock> {
  const command = await findStripeMock();
  const port = await createPorts().take();
  const url = `http://127.0.0.1:${port}`;
  const server = startChild({
    command,
    args: ['-http-addr', `127.0.0.1:${port}`],
    output: join(dataFolder(), 'logs', 'stripe-mock.log'),
    pidFile: join(dataFolder(), 'pids', `stripe-mock-${port}.pid`),
  });
  const answers = async (): Promise<void> => {
    const { status } = await fetch(`${url}/v1/balance`, { headers: { authorization: 'Bearer sk_test_123' } });
    must(status === 200, `stripe-mock answered ${status}`);
  };
  try {
    await eventually(answers, { deadlineMs: 30_000 });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url, stop: () => server.stop() };
}

/** On PATH, or built with Go once for this machine. @throws Problem when there is neither */
async function findStripeMock(): Promise<string> {
  if ((await run('stripe-mock', ['-version'])).code === 0) return 'stripe-mock';
  return join(await once(join(cacheDirectory(), `stripe-mock-${VERSION}`), build), 'stripe-mock');
}

async function build(into: string): Promise<void> {
  const { code, output } = await run('go', ['install', `github.com/stripe/stripe-mock@${VERSION}`], {
    cwd: into,
    env: { ...process.env, GOBIN: into },
  });
  if (code === 0) return;
  if (code === null) {
    throw new Problem(
      'The tests of the Stripe adapter need stripe-mock, and Go is not there to build it: install stripe-mock, or Go (on Debian: `apt-get install golang`).',
    );
  }
  throw new Problem(`stripe-mock could not be built with Go: ${lastLines(output)}`);
}
