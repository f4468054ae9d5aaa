import type { Command } from 'commander';
import { jsonOption } from './options';
import type { ReplayCheckOptions } from './run/replay-check';

/** Adds `paysaga replay-check`. */
export function addReplayCheckCommand(program: Command): void {
  program
    .command('replay-check')
    .description('before a deployment, replay what runs on the server against the workflow code of this version')
    .option('--bundle <file>', 'another workflow bundle than that of this version')
    .addOption(jsonOption())
    .action(async (options: ReplayCheckOptions) => (await import('./run/replay-check.js')).replayCheck(options));
}
