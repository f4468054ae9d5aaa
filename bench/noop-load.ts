import { randomUUID } from 'node:crypto';
import type { Config } from '../src/config';
import { connectTemporalClient } from '../src/platform/temporal/temporal';
import { type LoadSpec, runLoadProgram } from './load';
import { NOOP_TASK_QUEUE } from './noop-contract';

export interface NoopLoadSpec extends LoadSpec {
  readonly temporal: Config['temporal'];
}

/** Starts no-op workflows and waits for each one's end. */
runLoadProgram<NoopLoadSpec>(async ({ temporal }) => {
  const { client, close } = connectTemporalClient({ config: temporal });
  return {
    request: () => client.workflow.execute('noop', { workflowId: randomUUID(), taskQueue: NOOP_TASK_QUEUE }),
    close,
  };
});
