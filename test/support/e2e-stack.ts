import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FreshStack, type FreshStackOptions, startFreshStack } from '../../dev/stack/fresh-stack';
import type { ServiceAddresses } from '../../dev/stack/stack';

export type E2eStack = FreshStack;

export interface E2eOptions extends Pick<FreshStackOptions, 'env' | 'envOf'> {
  /** Instead of those that `npm test` gives. */
  readonly services?: Partial<ServiceAddresses>;
  /** True unless told. */
  readonly restart?: boolean;
}

/** The three processes for one test file, on services of `npm test`. Files run one after the other. */
export const startE2eStack = ({ services, restart = true, ...options }: E2eOptions = {}): Promise<E2eStack> =>
  startFreshStack({ ...options, restart, services: { ...givenServices(), ...services }, dataDir: dataFolder() });

/** The services of `npm test`. */
export function givenServices(): ServiceAddresses {
  const { DATABASE_URL, KAFKA_BROKERS, TEMPORAL_ADDRESS, TEMPORAL_UI_URL } = process.env;
  if (!DATABASE_URL || !KAFKA_BROKERS || !TEMPORAL_ADDRESS) {
    throw new Error('DATABASE_URL, KAFKA_BROKERS or TEMPORAL_ADDRESS is not set: run the tests with `npm test`.');
  }
  return {
    databaseUrl: DATABASE_URL,
    kafkaBrokers: KAFKA_BROKERS,
    temporalAddress: TEMPORAL_ADDRESS,
    temporalUiUrl: TEMPORAL_UI_URL,
  };
}

/** That of `npm test`, which removes it; for a run by hand a new one. */
export const dataFolder = (): string => process.env.PAYSAGA_DATA ?? mkdtempSync(join(tmpdir(), 'paysaga-e2e-'));
