import { join } from 'node:path';
import { type ServiceAddresses, type Services, startServices } from '../../dev/stack/stack';
import { dataFolder, givenServices } from './e2e-stack';

export interface OwnService {
  readonly addresses: ServiceAddresses;
  stop(): Promise<void>;
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
  const dataDir = join(dataFolder(), `own-${name}`);
  const start = (): Promise<Services> => startServices({ dataDir, env, log: () => undefined });
  let services = await start();
  return {
    addresses: services,
    stop: () => services.stop(),
    async start() {
      services = await start();
    },
  };
}
