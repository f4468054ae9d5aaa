import type { Command } from 'commander';
import { taskQueues } from '../contract';
import { replayRunning, type ReplayReport } from '../platform/temporal/replay-running';
import { silentLogger } from '../platform/telemetry/silent-logger';
import { connectTemporalClient } from '../platform/temporal/temporal';
import { installTemporalRuntime } from '../platform/temporal/temporal-worker';
import { configure } from './configure';
import { jsonOption } from './operator';
import { say, sayJson, table } from './output';

interface ReplayCheckOptions {
  readonly bundle?: string;
  readonly json?: boolean;
}

const PROGRESS_MS = 2_000;

export function addReplayCheckCommand(program: Command): void {
  program
    .command('replay-check')
    .description('before a deploy: replay what runs on the server against the workflow code at hand')
    .option('--bundle <file>', 'a workflow bundle instead of that of this version')
    .addOption(jsonOption())
    .action(replayCheck);
}

/** Exit code 1 when something does not replay. */
async function replayCheck({ bundle, json = false }: ReplayCheckOptions): Promise<void> {
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

/** A line every two seconds, on stderr: a server may run thousands. */
function createProgress(): (replayed: number) => void {
  let next = Date.now() + PROGRESS_MS;
  return (replayed) => {
    if (Date.now() < next) return;
    next = Date.now() + PROGRESS_MS;
    process.stderr.write(`… ${replayed} replayed\n`);
  };
}
