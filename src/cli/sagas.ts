import { type Command, Option } from 'commander';
import type { StepResolution } from '../temporal-contract';
import { actorOption, choices, jsonOption, type JsonOptions, reasonOption, withPageOptions } from './options';
import type { DecisionOptions, ListOptions } from './run/sagas';

const run = () => import('./run/sagas.js');

/** Adds `paysaga sagas` and its commands. */
export function addSagaCommands(program: Command): void {
  const sagas = program.command('sagas').description('list, show and resolve sagas');
  const ls = sagas
    .command('ls')
    .alias('list')
    .description('list sagas, newest first')
    .addOption(new Option('--state <state>', 'sagas in this state').choices(choices.sagaStates))
    .addOption(new Option('--type <type>', 'sagas of this type').choices(choices.sagaTypes));
  withPageOptions(ls).action(async (options: ListOptions) => (await run()).list(options));
  sagas
    .command('show')
    .description('show one saga with its steps')
    .argument('<saga_id>')
    .addOption(jsonOption())
    .action(async (sagaId: string, options: JsonOptions) => (await run()).show(sagaId, options));
  addDecision(sagas, 'retry', 'retry a stuck step now');
  addDecision(sagas, 'skip', 'skip a stuck compensation that was done by other means');
  withDecisionOptions(
    sagas.command('restart').description('restart a compensated payment saga, as <saga_id>-2').argument('<saga_id>'),
  ).action(async (sagaId: string, options: DecisionOptions) => (await run()).restart(sagaId, options));
}

const withDecisionOptions = (command: Command): Command =>
  command.addOption(reasonOption()).addOption(actorOption()).addOption(jsonOption());

function addDecision(sagas: Command, resolution: StepResolution, description: string): void {
  const command = sagas.command(resolution).description(description).argument('<saga_id>').argument('<step>');
  withDecisionOptions(command).action(async (sagaId: string, step: string, options: DecisionOptions) =>
    (await run()).decide(resolution, sagaId, step, options),
  );
}
