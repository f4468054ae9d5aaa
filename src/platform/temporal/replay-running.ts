import type { Client, HistoryAndWorkflowId, WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { workflowCode } from './temporal-worker';

/** The options of {@link replayRunning}. */
export interface ReplayRunningOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** The file of a workflow bundle. Defaults to that of this version. */
  readonly codePath?: string;
  /** Called after each workflow, with the number of replayed ones. */
  readonly progress?: (replayed: number) => void;
}

/** The result of {@link replayRunning}. */
export interface ReplayReport {
  readonly types: readonly { readonly type: string; readonly running: number; readonly failed: number }[];
  readonly failures: readonly { readonly workflowId: string; readonly type: string; readonly reason: string }[];
}

/**
 * Replays the running workflows of a task queue against workflow code, without changing them. A failed replay means
 * that a deployment of that code would strand the workflow. Histories are fetched during the replay and not kept.
 *
 * @throws Error when the server does not answer, or the code does not exist
 */
export async function replayRunning({
  client,
  taskQueue,
  codePath,
  progress,
}: ReplayRunningOptions): Promise<ReplayReport> {
  const typeOf = new Map<string, string>();
  const types = new Map<string, { running: number; failed: number }>();
  const failures: { workflowId: string; type: string; reason: string }[] = [];

  async function* running(): AsyncIterable<HistoryAndWorkflowId> {
    const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`;
    for await (const workflow of client.workflow.list({ query }).intoHistories()) {
      typeOf.set(workflow.workflowId, typeIn(workflow.history));
      yield workflow;
    }
  }

  const code = codePath === undefined ? workflowCode() : { workflowBundle: { codePath } };
  let replayed = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories({ ...code, replayName: taskQueue }, running())) {
    const type = typeOf.get(workflowId) ?? 'unknown';
    typeOf.delete(workflowId);
    const count = types.get(type) ?? { running: 0, failed: 0 };
    types.set(type, { running: count.running + 1, failed: count.failed + (error ? 1 : 0) });
    if (error) failures.push({ workflowId, type, reason: error.message });
    progress?.(++replayed);
  }
  const sorted = [...types].sort(([a], [b]) => a.localeCompare(b));
  return { types: sorted.map(([type, count]) => ({ type, ...count })), failures };
}

/** Returns the type of a workflow. The SDK leaves the type of a history open; its first event is always the start. */
function typeIn(history: unknown): string {
  const { events } = history as Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';
}
