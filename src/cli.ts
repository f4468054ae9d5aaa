#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { addDiagramCommand } from './cli/diagram/diagram';
import { explain } from './cli/explain';
import { addDeadLetterCommands } from './cli/dead-letters';
import { addKeyCommands } from './cli/keys';
import { addOutboxCommands } from './cli/outbox';
import { addProductCommands } from './cli/products';
import { addReplayCheckCommand } from './cli/replay-check';
import { addSagaCommands } from './cli/sagas';
import { addSetupCommands } from './cli/setup';
import { complain } from './cli/output';
import { UsageError } from './cli/usage-error';
import { ConfigError } from './config';
import { Refusal } from './platform/refusal';

const FAILED = 1;
const USAGE = 2;

const program = new Command('paysaga')
  .description('Operates paysaga. Takes DATABASE_URL, KAFKA_BROKERS and TEMPORAL_ADDRESS, or the running local stack.')
  .exitOverride()
  .showHelpAfterError();

program
  .command('serve')
  .description('run one of the three processes here')
  .argument('<process>', 'api, worker or consumer', oneOf('api', 'worker', 'consumer'))
  .action(async (name: 'api' | 'worker' | 'consumer') => {
    await import(`./${name}.js`);
  });

addSetupCommands(program);
addKeyCommands(program);
addProductCommands(program);
addOutboxCommands(program);
addDeadLetterCommands(program);
addSagaCommands(program);
addDiagramCommand(program, async () => (await import('../workflows/declared-sagas.js')).declaredSagas());
addReplayCheckCommand(program);

function oneOf(...choices: string[]) {
  return (value: string): string => {
    if (!choices.includes(value)) throw new InvalidArgumentError(`It is one of ${choices.join(', ')}.`);
    return value;
  };
}

const isUsage = (error: unknown): boolean =>
  error instanceof ConfigError ||
  error instanceof UsageError ||
  (error instanceof Refusal && error.code === 'validation_failed');

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : USAGE);
  complain(explain(error));
  process.exit(isUsage(error) ? USAGE : FAILED);
});
