import { Argument, Command } from 'commander';
import { packageVersion } from '../platform/package-root';
import { addDeadLetterCommands } from './dead-letters';
import { addDiagramCommand, type ReadOutlines } from './diagram';
import { addKeyCommands } from './keys';
import { addOutboxCommands } from './outbox';
import { addProductCommands } from './products';
import { addReplayCheckCommand } from './replay-check';
import { addSagaCommands } from './sagas';
import { addSetupCommands } from './setup';

/** The process to run in place of the command. */
export type ProcessName = 'api' | 'worker' | 'consumer';

export interface ProgramOptions {
  readonly serve: (name: ProcessName) => Promise<unknown>;
  readonly outlines: ReadOutlines;
}

/**
 * Declares every command. Only what a command needs is loaded, and only when the command runs: help and usage errors
 * load neither schemas nor clients.
 */
export function createProgram({ serve, outlines }: ProgramOptions): Command {
  const program = new Command('paysaga')
    .description(
      'Operates paysaga. Takes DATABASE_URL, KAFKA_BROKERS and TEMPORAL_ADDRESS, or the running local stack.',
    )
    .version(packageVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .exitOverride()
    .showHelpAfterError();

  program
    .command('serve')
    .description('run one of the three processes')
    .addArgument(new Argument('<process>', 'the process').choices(['api', 'worker', 'consumer']))
    .action(async (name: ProcessName) => void (await serve(name)));

  addSetupCommands(program);
  addKeyCommands(program);
  addProductCommands(program);
  addOutboxCommands(program);
  addDeadLetterCommands(program);
  addSagaCommands(program);
  addDiagramCommand(program, outlines);
  addReplayCheckCommand(program);
  return program;
}
