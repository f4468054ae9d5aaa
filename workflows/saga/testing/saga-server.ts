import { TestWorkflowEnvironment, type TimeSkippingTestWorkflowEnvironmentOptions } from '@temporalio/testing';
import { sagaSearchAttributes } from '..';

/** The server's executable. Defaults to a download by the SDK. */
export type SagaServerOptions = TimeSkippingTestWorkflowEnvironmentOptions['server'];

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD` */
const KEYWORD = 2;

const STARTS = 4;

/**
 * Starts a Temporal server that skips time, for one test at a time: `sleep`, or waiting for a result, moves its clock to
 * the next event. The sagas' search attributes are registered, because a workflow that sets an unknown one hangs.
 */
export async function startSagaServer(server?: SagaServerOptions): Promise<TestWorkflowEnvironment> {
  const environment = await createInTime(server);
  const names = Object.values(sagaSearchAttributes).map(({ name }) => name);
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.namespace ?? 'default',
    searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
  });
  return environment;
}

/** Starts the server up to four times, because the SDK waits only 5 s, too short for a busy machine. */
async function createInTime(server: SagaServerOptions, tries = STARTS): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping(server ? { server } : {});
  } catch (error) {
    // Not `instanceof Error`: the SDK's core creates the error outside the test's sandbox.
    if (tries === 1 || !String(error).includes('did not start within')) throw error;
    return createInTime(server, tries - 1);
  }
}
