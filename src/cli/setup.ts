import type { Command } from 'commander';
import { jsonOption, type JsonOptions } from './options';
import type { Part } from './run/setup';

const run = () => import('./run/setup.js');

const PARTS: Readonly<Record<Part, string>> = {
  database: 'bring the database to this version, with the roles of the processes',
  topics: 'create the Kafka topics that are missing',
  temporal: 'create the Temporal namespace and the search attributes that are missing',
  schedules: 'create the Temporal Schedules that are missing, and set their intervals',
};

/** Adds `paysaga setup`, its parts, and the aliases `migrate` and `topics`. */
export function addSetupCommands(program: Command): void {
  const setup = program
    .command('setup')
    .description('make a database, a broker and a Temporal namespace ready for this version; may be repeated')
    .addOption(jsonOption())
    .action(async (options: JsonOptions) => (await run()).setUpAll(options));
  for (const [part, description] of Object.entries(PARTS) as [Part, string][]) addPart(setup, part, part, description);
  addPart(program, 'migrate', 'database', 'the same as `setup database`');
  addPart(program, 'topics', 'topics', 'the same as `setup topics`');
}

function addPart(parent: Command, name: string, part: Part, description: string): void {
  parent
    .command(name)
    .description(description)
    .addOption(jsonOption())
    // Commander assigns the option of `setup --json topics` to `setup`.
    .action(async (_: JsonOptions, command: Command) => (await run()).setUpPart(part, command.optsWithGlobals()));
}
