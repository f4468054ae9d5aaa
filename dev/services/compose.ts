import { createHash } from 'node:crypto';
import { Problem, stage } from '../command';
import { lastLines, run } from '../os/child';
import { fromRoot } from '../os/files';
import type { ServiceContext } from './launch';

/** The services of `docker-compose.yml`, each with the variable that publishes it on a chosen port. */
const PUBLISHED = {
  postgres: { POSTGRES_PORT: 5432 },
  kafka: { KAFKA_PORT: 9092 },
  temporal: { TEMPORAL_PORT: 7233, TEMPORAL_UI_PORT: 8233 },
} as const;

/** A service of `docker-compose.yml`. */
export type ComposeService = keyof typeof PUBLISHED;

/** Whether a Docker engine runs and Compose is installed. The Docker client alone is not enough. */
export async function hasDocker(): Promise<boolean> {
  const engine = await run('docker', ['info'], { timeoutMs: 5000 });
  if (engine.code !== 0) return false;
  return (await run('docker', ['compose', 'version'], { timeoutMs: 5000 })).code === 0;
}

/**
 * Starts the named services in containers, in this folder's Compose project, and waits until they are healthy. A stop
 * keeps their data in volumes.
 * @returns the ports on 127.0.0.1, by variable
 */
export async function startCompose(
  context: ServiceContext,
  services: readonly ComposeService[],
): Promise<Record<string, number>> {
  const env = { ...process.env };
  const published: Record<string, number> = {};
  for (const [variable, wellKnown] of services.flatMap((name) => Object.entries(PUBLISHED[name]))) {
    const preferred = context.wellKnownPorts ? wellKnown : undefined;
    const port = await context.ports.take(context.lastPorts.get(variable), preferred);
    context.lastPorts.set(variable, port);
    published[variable] = port;
    env[variable] = String(port);
  }
  const compose = (...args: string[]) =>
    run('docker', ['compose', '--project-name', projectOf(context.dataDir), ...args], {
      cwd: fromRoot(),
      env,
    });
  context.teardown.add(async () => void (await compose('stop')));
  await stage(context.log, `Docker Compose: ${services.join(', ')}`, async () => {
    const { code, output } = await compose('up', '--detach', '--wait', ...services);
    if (code !== 0) throw new Problem(`Docker Compose could not start them: ${lastLines(output)}`);
  });
  return published;
}

/** Removes the containers of a folder and their data. */
export async function removeCompose(dataDir: string): Promise<void> {
  const project = projectOf(dataDir);
  await run('docker', ['compose', '--project-name', project, 'down', '--volumes'], { cwd: fromRoot() });
}

function projectOf(dataDir: string): string {
  return `paysaga-${createHash('sha256').update(dataDir).digest('hex').slice(0, 8)}`;
}
