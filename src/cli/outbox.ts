import { type Command, Option } from 'commander';
import { type ActOptions, choices, jsonOption, type JsonOptions, withActOptions, withPageOptions } from './options';
import { addReplayCommands } from './replay';
import type { ListOptions, Verb } from './run/outbox';

const run = () => import('./run/outbox.js');

/** Adds `paysaga outbox` and its commands. */
export function addOutboxCommands(program: Command): void {
  const outbox = program
    .command('outbox')
    .description('rows that wait to be published, their dead letters, and replays of the event log');
  const ls = outbox
    .command('ls')
    .alias('list')
    .description('list rows, oldest first')
    .addOption(
      new Option('--state <state>', 'the state of the rows; parked rows are dead letters')
        .choices(choices.outboxStates)
        .default('parked'),
    );
  withPageOptions(ls).action(async (options: ListOptions) => (await run()).list(options));
  outbox
    .command('show')
    .description('show one row, and how many rows wait behind it')
    .argument('<id>')
    .addOption(jsonOption())
    .action(async (id: string, options: JsonOptions) => (await run()).show(id, options));
  addAct(outbox, 'requeue', 'requeue a dead letter in its old place, to be tried again');
  addAct(outbox, 'discard', 'discard a dead letter; the later rows of its aggregate continue');
  addReplayCommands(outbox);
}

function addAct(outbox: Command, verb: Verb, description: string): void {
  const command = outbox.command(verb).description(description).argument('<id>');
  withActOptions(command).action(async (id: string, options: ActOptions) => (await run()).act(verb, id, options));
}
