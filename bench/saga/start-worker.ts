import { connectTemporalClient } from '../../src/platform/temporal/temporal';
import type { BenchStack } from '../stack/bench-stack';
import { type BenchProcess, startProcess } from '../stack/start-process';

/** `temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW` */
const WORKFLOW_TASK_QUEUE = 1;

/** Starts a worker process; it works once Temporal knows that it asks for workflow tasks. */
export async function startWorker(stack: BenchStack, program: string, taskQueue: string): Promise<BenchProcess> {
  const { temporal } = stack.config;
  const { client, close } = connectTemporalClient({ config: temporal });
  const ready = async (): Promise<boolean> => {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASK_QUEUE,
    });
    return (pollers ?? []).length > 0;
  };
  return startProcess(stack, { program, ready }).finally(close);
}
