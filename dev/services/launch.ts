import { join } from 'node:path';
import { type Log, Problem, stage, type Teardown } from '../command';
import { type Child, type ChildOptions, startChild, tailOf } from '../os/child';
import { type Ports, waitUntil } from '../os/ports';

/** How a long install reports its progress and ends early. */
export type InstallContext = Pick<ServiceContext, 'log'> & Partial<Pick<ServiceContext, 'signal'>>;

/** What the start of a local service needs. */
export interface ServiceContext {
  /** The stack's folder. Each service keeps its data in a folder below it. */
  readonly dataDir: string;
  readonly ports: Ports;
  /** The last ports of the services in this folder, by name. They are tried first and updated. */
  readonly lastPorts: Map<string, number>;
  /** Whether well-known ports are tried first. A stack beside others leaves them free. */
  readonly wellKnownPorts: boolean;
  /** Additional settings of a local PostgreSQL. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Ends long-running tools once another service has failed. */
  readonly signal: AbortSignal;
  readonly teardown: Teardown;
}

type PortNumbers = readonly number[];

/** How a service is started. */
export interface Launch {
  /** The name of the pid file and the log file, such as `kafka`. */
  readonly name: string;
  /** The name for people, such as `Kafka`. */
  readonly title: string;
  /** The ports to take: the name under which each is remembered, and the port to try first. */
  readonly ports: Readonly<Record<string, number>>;
  /** Returns the command for the ports, in the order of `ports`. */
  readonly command: (
    ports: PortNumbers,
  ) => Promise<Omit<ChildOptions, 'output' | 'pidFile'>> | Omit<ChildOptions, 'output' | 'pidFile'>;
  /** Whether it serves. */
  readonly ready: (ports: PortNumbers) => Promise<boolean>;
  readonly timeoutMs: number;
}

/** Another program may take a port between the check and the bind; a killed predecessor may still hold it. */
const ATTEMPTS = 3;

/**
 * Starts a service as a process and waits until it serves. Chooses other ports if another program takes them meanwhile.
 * @returns its ports, in the order of `ports`
 * @throws Problem with the last lines of its log, when it does not start
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
