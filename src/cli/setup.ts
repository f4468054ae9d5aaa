import type { Command } from 'commander';
import { setUpDatabase, setUpDemo, setUpSchedules, setUpTemporal, setUpTopics } from '../setup';
import { configure, configureDatabase, configureKafka, configureSchedules, configureTemporal } from './configure';
import { explain } from './explain';
import { complain, say } from './output';

/** In their order; each reads no settings but its own. */
const parts = {
  database: {
    description: 'bring the database to this version, with the roles of the processes',
    setUp: () => setUpDatabase(configureDatabase(), say),
  },
  topics: {
    description: 'make the Kafka topics that are missing',
    setUp: () => setUpTopics(configureKafka(), say),
  },
  temporal: {
    description: 'make the Temporal namespace and the search attributes that are missing',
    setUp: () => setUpTemporal(configureTemporal(), say),
  },
  schedules: {
    description: 'make the Temporal Schedules that are missing, and set their intervals',
    setUp: () => setUpSchedules(configureTemporal(), configureSchedules(), say),
  },
} as const;

/** `paysaga setup`, its parts, and the names `migrate` and `topics` for two of them. */
export function addSetupCommands(program: Command): void {
  const setup = program
    .command('setup')
    .description('make a database, a broker and a Temporal namespace ready for this version; may be repeated')
    .action(setUpAll);
  for (const [name, { description, setUp }] of Object.entries(parts)) {
    setup
      .command(name)
      .description(description)
      .action(async () => void (await setUp()));
  }
  for (const [alias, name] of [
    ['migrate', 'database'],
    ['topics', 'topics'],
  ] as const) {
    program
      .command(alias)
      .description(`the same as \`setup ${name}\``)
      .action(async () => void (await parts[name].setUp()));
  }
}

/** Does what can be done, also when a part fails. */
async function setUpAll(): Promise<void> {
  // All that is wrong with the settings, before anything is made.
  const { demo, database } = configure();
  const failed: string[] = [];
  const wanted = [
    ...Object.entries(parts).map(([name, { setUp }]) => [name, setUp] as const),
    ...(demo ? [['demo', () => setUpDemo(database, say)] as const] : []),
  ];
  for (const [name, setUp] of wanted) {
    try {
      await setUp();
    } catch (error) {
      failed.push(name);
      complain(`setup ${name}: ${explain(error)}`);
    }
  }
  if (failed.length > 0) throw new Error(`Not set up: ${failed.join(', ')}. Run \`paysaga setup\` again.`);
}
