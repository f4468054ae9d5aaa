import { join } from 'node:path';
import { type Log, Problem, stage, type Teardown } from '../command';
import { type Child, type ChildOptions, startChild, tailOf } from '../os/child';
import { type Ports, waitUntil } from '../os/ports';

/** How a long install reports, and how it is ended early. */
export type InstallContext = Pick<ServiceContext, 'log'> & Partial<Pick<ServiceContext, 'signal'>>;

/** What the start of a local service needs. */
export interface ServiceContext {
  /** The stack's folder; each service keeps its data in a folder below it. */
  readonly dataDir: string;
  readonly ports: Ports;
  /** The ports that the services have in this folder, by name: tried first, and noted when taken. */
  readonly lastPorts: Map<string, number>;
  /** Well-known ports are tried first; a stack that runs beside others leaves them alone. */
  readonly wellKnownPorts: boolean;
  /** Settings of a local PostgreSQL, over its usual ones. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Ends tools that run for minutes once another service cannot be had. */
  readonly signal: AbortSignal;
  readonly teardown: Teardown;
}

type PortNumbers = readonly number[];

export interface Launch {
  /** As in `kafka`: names its pid file and its log file. */
  readonly name: string;
  /** As in `Kafka`: what a person calls it. */
  readonly title: string;
  /** Ports to take: the name under which each is remembered, and the one to try first. */
  readonly ports: Readonly<Record<string, number>>;
  /** The command for these ports, in the order of `ports`. */
  readonly command: (
    ports: PortNumbers,
  ) => Promise<Omit<ChildOptions, 'output' | 'pidFile'>> | Omit<ChildOptions, 'output' | 'pidFile'>;
  /** True once it serves. */
  readonly ready: (ports: PortNumbers) => Promise<boolean>;
  readonly timeoutMs: number;
}

/** A port that was free at the look may be gone at the bind; a killed predecessor may still let go. */
const ATTEMPTS = 3;

/**
 * Starts a service as a process, with other ports should somebody take them in between, and waits until
 * it serves.
 * @returns its ports, in the order of `ports`
 * @throws Problem when it does not come up, with the last lines of its log
 */
export function launch(context: ServiceContext, service: Launch): Promise<PortNumbers> {
  return stage(context.log, service.title, () => launchSomewhere(context, service));
}

async function launchSomewhere(context: ServiceContext, service: Launch): Promise<PortNumbers> {
  const logFile = join(context.dataDir, 'logs', `${service.name}.log`);
  for (let attempt = 1; ; attempt++) {
    const ports = await takePorts(context, service, attempt);
    const command = await service.command(ports);
    context.teardown.assertOpen();
    const child = startChild({
      ...command,
      output: logFile,
      pidFile: join(context.dataDir, 'pids', `${service.name}.pid`),
    });
    context.teardown.add(() => child.stop());
    if (await isUp(child, () => service.ready(ports), service.timeoutMs)) return ports;
    const hangs = child.isRunning();
    const reason = hangs ? `did not answer within ${service.timeoutMs / 1000} s` : `ended with ${await child.ended}`;
    await child.stop();
    if (hangs || attempt === ATTEMPTS)
      throw new Problem(`${service.title} ${reason}: ${tailOf(logFile)} (all of it: ${logFile})`);
  }
}

async function takePorts(
  { ports, lastPorts, wellKnownPorts }: ServiceContext,
  service: Launch,
  attempt: number,
): Promise<PortNumbers> {
  const taken: number[] = [];
  for (const [name, wellKnown] of Object.entries(service.ports)) {
    const first = attempt === 1 ? [lastPorts.get(name), wellKnownPorts ? wellKnown : undefined] : [];
    const port = await ports.take(...first);
    lastPorts.set(name, port);
    taken.push(port);
  }
  return taken;
}

async function isUp(child: Child, ready: () => Promise<boolean>, timeoutMs: number) {
  let up = false;
  await waitUntil(async () => (up = await ready()) || !child.isRunning(), { timeoutMs });
  return up && child.isRunning();
}
