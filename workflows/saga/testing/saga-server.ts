import { TestWorkflowEnvironment, type TimeSkippingTestWorkflowEnvironmentOptions } from '@temporalio/testing';
import { sagaSearchAttributes } from '../saga-library';

/** Which executable to take; the SDK downloads one unless told. */
export type SagaServerOptions = TimeSkippingTestWorkflowEnvironmentOptions['server'];

/** `temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD` */
const KEYWORD = 2;

const STARTS = 4;

/**
 * Temporal with skipped time, for one test at a time: awaiting a result or `sleep` lets its clock run on to whatever
 * comes next. It knows the sagas' search attributes: without one, a workflow that sets it would hang.
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

/** The SDK gives the server 5 s to begin, which a busy machine may not: it is begun again, a few times. */
async function createInTime(server: SagaServerOptions, tries = STARTS): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping(server ? { server } : {});
  } catch (error) {
    // Not `instanceof Error`: the SDK's core makes it outside the sandbox of a test.
    if (tries === 1 || !String(error).includes('did not start within')) throw error;
    return createInTime(server, tries - 1);
  }
}
