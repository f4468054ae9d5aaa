import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { type SagaServerOptions, startSagaServer } from '../../../workflows/saga/testing';

/** The one that `npm test` found or made: nothing is downloaded. */
export function testServer(): SagaServerOptions {
  const path = process.env.TEMPORAL_TEST_SERVER;
  if (!path) throw new Error('TEMPORAL_TEST_SERVER is not set: run the tests with `npm test`.');
  return { executable: { type: 'existing-path', path } };
}

export function startTimeSkippingServer(): Promise<TestWorkflowEnvironment> {
  silenceTemporal();
  return startSagaServer(testServer());
}

/** Failing activities are what these tests are about: the SDK's lines about them would hide the results. */
export function silenceTemporal(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
    shutdownSignals: [],
  });
}
