import { randomUUID } from 'node:crypto';
import type { Config } from '../src/config';
import { connectTemporalClient } from '../src/platform/temporal/temporal';
import { type LoadSpec, runLoadProgram } from './load';

export interface NoopLoadSpec extends LoadSpec {
  readonly temporal: Config['temporal'];
  readonly taskQueue: string;
}

/** Starts no-op workflows and waits for each one's end. */
runLoadProgram<NoopLoadSpec>(async ({ temporal, taskQueue }) => {
  const { client, close } = connectTemporalClient({ config: temporal });
  return {
    request: () => client.workflow.execute('noop', { workflowId: randomUUID(), taskQueue }),
    close,
  };
});
