import type { Client, HistoryAndWorkflowId, WorkflowHandle } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { workflowCode } from './temporal-worker';

export interface ReplayRunningOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** A bundle's file; that of this version unless told. */
  readonly codePath?: string;
  /** Told after each workflow. */
  readonly progress?: (replayed: number) => void;
}

export interface ReplayReport {
  readonly types: readonly { readonly type: string; readonly running: number; readonly failed: number }[];
  readonly failures: readonly { readonly workflowId: string; readonly type: string; readonly reason: string }[];
}

/**
 * Replays what runs on a task queue against workflow code, without touching it: what fails would be stranded by a
 * deploy of that code. Histories are fetched while others are replayed, and none is kept.
 *
 * @throws Error when the server does not answer, or there is no such code
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

/** The SDK leaves open what a history is; the server's first event is always the start. */
function typeIn(history: unknown): string {
  const { events } = history as Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
  return events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';
}
