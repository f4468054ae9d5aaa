import { createTeardown } from '../../../dev/command';
import { type ProviderProcess, startProvider } from '../../../dev/stack/provider-process';
import { type Circuit, createCircuit } from '../../../src/platform/circuit-breaker';
import { dataFolder } from '../e2e-stack';
import { silentLogger } from '../logger';

export interface TestProvider extends ProviderProcess {
  stop(): Promise<void>;
}

/** The test provider and carrier alone. A killed one stays away until the test starts it. */
export async function startTestProvider(): Promise<TestProvider> {
  const teardown = createTeardown();
  const provider = await startProvider({ dataDir: dataFolder(), log: () => undefined, restart: false, teardown });
  return Object.create(provider, { stop: { value: () => teardown.run() } }) as TestProvider;
}

/** One that does not open by accident, for tests of what it guards. */
export const testCircuit = (name = 'test', timeoutMs = 3_000): Circuit =>
  createCircuit({ name, timeoutMs, logger: silentLogger });
