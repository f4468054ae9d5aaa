import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../../dev/os/ports';
import { type ServiceAddresses, type Services, startServices } from '../../dev/services/start-services';
import { dataFolder, givenServices } from './e2e-stack';
import { uniqueName } from './kafka/kafka';

export interface OwnService {
  readonly addresses: ServiceAddresses;
  stop(): Promise<void>;
  /** Of the service's own process, for signals. */
  pid(): number;
  /** By SIGKILL, in the middle of whatever it does. Resolves when it is gone. */
  kill(): Promise<void>;
  /** On the same port, with the same data. */
  start(): Promise<void>;
}

const VARIABLE = { kafka: 'KAFKA_BROKERS', temporal: 'TEMPORAL_ADDRESS' } as const;

/** A broker or a Temporal server of the test's own, to take away; the others are those of `npm test`. */
export async function startOwnService(name: keyof typeof VARIABLE): Promise<OwnService> {
  const given = givenServices();
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DATABASE_URL: given.databaseUrl,
    KAFKA_BROKERS: given.kafkaBrokers,
    TEMPORAL_ADDRESS: given.temporalAddress,
    PAYSAGA_SERVICES: 'local',
    [VARIABLE[name]]: undefined,
  };
  // Of this test alone: another part of the suite may have such a service now, too.
  const dataDir = join(dataFolder(), uniqueName(`own-${name}`));
  const start = (): Promise<Services> => startServices({ dataDir, env, log: () => undefined });
  let services = await start();
  const pid = (): number =>
    (JSON.parse(readFileSync(join(dataDir, 'pids', `${name}.pid`), 'utf8')) as { pid: number }).pid;
  return {
    addresses: services,
    stop: () => services.stop(),
    pid,
    async kill() {
      const killed = pid();
      process.kill(killed, 'SIGKILL');
      await waitUntil(async () => !isThere(killed), { timeoutMs: 5_000 });
      await services.stop();
    },
    async start() {
      services = await start();
    },
  };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
