import { Argument, Command } from 'commander';
import { packageVersion } from '../platform/package-root';
import { addDeadLetterCommands } from './dead-letters';
import { addDiagramCommand } from './diagram';
import { addKeyCommands } from './keys';
import { addOutboxCommands } from './outbox';
import { addProductCommands } from './products';
import { addReplayCheckCommand } from './replay-check';
import type { ReadOutlines } from './run/declared-diagrams';
import { addSagaCommands } from './sagas';
import { addSetupCommands } from './setup';

/** A process that `paysaga run` starts. */
export type ProcessName = 'api' | 'worker' | 'consumer';

/** The options of {@link createProgram}. */
export interface ProgramOptions {
  readonly serve: (name: ProcessName) => Promise<unknown>;
  readonly outlines: ReadOutlines;
}

/**
 * Declares every command. Each loads its code when it runs, so help and usage errors load neither schemas nor clients.
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
