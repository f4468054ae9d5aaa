import { silentLogger } from '../../platform/logger';
import { replayRunning, type ReplayReport } from '../../platform/temporal/replay-running';
import { connectTemporalClient } from '../../platform/temporal/temporal';
import { installTemporalRuntime } from '../../platform/temporal/temporal-worker';
import { taskQueues } from '../../temporal-contract';
import { configure } from '../configure';
import type { JsonOptions } from '../options';
import { say, sayJson, table } from '../output';

/** The options of `paysaga replay-check`. */
export interface ReplayCheckOptions extends JsonOptions {
  readonly bundle?: string;
}

const PROGRESS_MS = 2_000;

/** Replays the running workflows and prints a report. The exit code is 1 when a workflow does not replay. */
export async function replayCheck({ bundle, json = false }: ReplayCheckOptions): Promise<void> {
  installTemporalRuntime(silentLogger);
  const temporal = connectTemporalClient({ config: configure().temporal });
  try {
    await temporal.ping(5_000);
    const report = await replayRunning({
      client: temporal.client,
      taskQueue: taskQueues.sagas,
      ...(bundle !== undefined && { codePath: bundle }),
      progress: createProgress(),
    });
    if (json) sayJson(report);
    else tell(report);
    if (report.failures.length > 0) process.exitCode = 1;
  } finally {
    await temporal.close();
  }
}

function tell({ types, failures }: ReplayReport): void {
  if (types.length === 0) return say('Nothing runs on the server.');
  const rows = types.map(({ type, running, failed }) => [type, running, running - failed, failed]);
  say(table(['WORKFLOW', 'RUNNING', 'REPLAYED', 'FAILED'], rows));
  for (const { workflowId, reason } of failures) say(`\n${workflowId} does not replay: ${reason}`);
}

/** Creates a progress report: a line on stderr every two seconds, because a server may run thousands of workflows. */
function createProgress(): (replayed: number) => void {
  let next = Date.now() + PROGRESS_MS;
  return (replayed) => {
    if (Date.now() < next) return;
    next = Date.now() + PROGRESS_MS;
    process.stderr.write(`… ${replayed} replayed\n`);
  };
}
