import { type Command, Option } from 'commander';
import { choices, jsonOption, type JsonOptions, withActOptions, withPageOptions } from './options';
import type { LetterActOptions, ListOptions, Verb } from './run/dead-letters';

const run = () => import('./run/dead-letters.js');

/** Adds `paysaga dead-letters` and its commands. */
export function addDeadLetterCommands(program: Command): void {
  const letters = program.command('dead-letters').description('consumed messages that could not be applied');
  const ls = withFilter(letters.command('ls').alias('list'), choices.deadLetterStates);
  withPageOptions(ls.description('list letters, oldest first; open ones by default')).action(
    async (options: ListOptions) => (await run()).list(options),
  );
  letters
    .command('show')
    .description('show one letter, and how many messages wait behind it')
    .argument('<id>')
    .addOption(jsonOption())
    .action(async (id: string, options: JsonOptions) => (await run()).show(id, options));
  addAct(letters, 'replay', 'apply a letter now; those behind it follow in the order of their key');
  addAct(letters, 'discard', 'discard a letter; its key continues without it');
}

const withFilter = (command: Command, states: readonly string[]): Command =>
  command
    .option('--group <group>', 'letters of this consumer group')
    .option('--topic <topic>', 'letters of this topic')
    .option('--key <key>', 'letters of this message key')
    .addOption(new Option('--state <state>', 'letters in this state').choices(states));

function addAct(letters: Command, verb: Verb, description: string): void {
  const command = withFilter(letters.command(verb), choices.openLetterStates)
    .description(`${description}; without an id, all open letters that the filter matches, at most 1,000`)
    .argument('[id]')
    .option('--all', 'every open letter, without a filter');
  withActOptions(command).action(async (id: string | undefined, options: LetterActOptions) =>
    (await run()).act(verb, id, options),
  );
}
