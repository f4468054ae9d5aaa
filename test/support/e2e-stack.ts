import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceAddresses } from '../../dev/services/start-services';
import { type FreshStack, type FreshStackOptions, startFreshStack } from '../../dev/stack/fresh-stack';
import type { ApiClient } from '../../testing/api-client';
import { assertAllowed } from './http/contract';
import { judgeExchanges } from './http/judged-client';

export type E2eStack = FreshStack;

export interface E2eOptions extends Pick<FreshStackOptions, 'env' | 'envOf' | 'envOfUrls' | 'takePort' | 'untilReady'> {
  /** Instead of those that `npm test` gives. */
  readonly services?: Partial<ServiceAddresses>;
  /** True unless told. */
  readonly restart?: boolean;
}

/**
 * The three processes for one test file, on services of `npm test`, each with the privileges of its own role. Files run
 * one after the other. Stopping fails when a process was refused a privilege, also where it went on without, and when an
 * exchange was not as the OpenAPI document says.
 */
export async function startE2eStack({ services, restart = true, ...options }: E2eOptions = {}): Promise<E2eStack> {
  const addresses = { ...givenServices(), ...services };
  const stack = await startFreshStack({ ...options, restart, services: addresses, dataDir: dataFolder() });
  const violations: string[] = [];
  const judged = (client: ApiClient): ApiClient => judgeExchanges(client, violations);
  return {
    ...stack,
    operator: judged(stack.operator),
    service: judged(stack.service),
    customer: judged(stack.customer),
    nobody: judged(stack.nobody),
    async stop() {
      await stack.stop();
      assertAllowed(violations);
      const refused = stack.log.filter((line) => line.includes('permission denied for'));
      if (refused.length > 0) throw new Error(`The roles miss privileges:\n${refused.join('\n')}`);
    },
  };
}

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
