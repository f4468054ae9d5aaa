#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { eventRegistry } from './application';
import { type CliConfig, configure } from './cli/configure';
import { addDiagramCommand } from './cli/diagram/diagram';
import { addKeyCommands } from './cli/keys';
import { addOutboxCommands } from './cli/outbox';
import { addReplayCheckCommand } from './cli/replay-check';
import { addSagaCommands } from './cli/sagas';
import { say } from './cli/output';
import { UsageError } from './cli/usage-error';
import { ConfigError } from './config';
import type { ValidationError } from './mediator/behaviours/validation';
import { failureReason } from './messaging/consumer/apply-failure';
import { connectKafka } from './messaging/kafka';
import { createTopics } from './messaging/topics';
import { isDatabaseOutage } from './platform/database/database-error';
import { createLogger } from './platform/telemetry/logger';
import { applyMigrations } from './platform/database/migrate';
import { applySettings, SettingsMissing } from './platform/database/pooled-settings';
import { applyRoles, RolesMissing } from './platform/database/roles';
import { Refusal } from './platform/refusal';
import { processGrants } from './process-grants';

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

program
  .command('migrate')
  .description('bring the database to this version')
  .action(async () => {
    const config = configure();
    const applied = await applyMigrations({ databaseUrl: config.database.url });
    say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
    try {
      await setUpRoles(config);
    } catch (error) {
      // Without them, the processes connect as the owner of the tables.
      if (!(error instanceof RolesMissing || error instanceof SettingsMissing)) throw error;
      say(error.message);
    }
  });

program
  .command('roles')
  .description('make the database roles of the processes, and give each what it needs')
  .action(() => setUpRoles(configure()));

program
  .command('topics')
  .description('make the Kafka topics that are missing')
  .action(async () => {
    const { kafka } = configure();
    const logger = createLogger({ name: 'cli', level: 'warn', pretty: false });
    const { topics } = eventRegistry;
    const connected = connectKafka({ config: kafka, logger });
    const made = await createTopics({ kafka: connected, topics, config: kafka.topics, logger });
    say(made.length === 0 ? `All ${topics.length} topics are there.` : `Made ${made.join(', ')}.`);
  });

addKeyCommands(program);
addOutboxCommands(program);
addSagaCommands(program);
addDiagramCommand(program, async () => (await import('../workflows/declared-sagas.js')).declaredSagas());
addReplayCheckCommand(program);

async function setUpRoles({ database: { url: databaseUrl }, processesArePooled }: CliConfig): Promise<void> {
  const made = await applyRoles({ databaseUrl, grants: processGrants });
  say(`${made.length === 0 ? 'The roles are there' : `Made ${made.join(', ')}`}; each has its privileges.`);
  if (!processesArePooled) return;
  const users = await applySettings(databaseUrl, processGrants.roles);
  say(
    users.length === 0
      ? 'No user is a member of a role yet: make them, and run `paysaga roles` again.'
      : `Set what their sessions need, for ${users.join(', ')}.`,
  );
}

function oneOf(...choices: string[]) {
  return (value: string): string => {
    if (!choices.includes(value)) throw new InvalidArgumentError(`It is one of ${choices.join(', ')}.`);
    return value;
  };
}

/** What is wrong, in words for the one who called. */
function explain(error: unknown): string {
  if (isDatabaseOutage(error)) return 'The database does not answer; see DATABASE_URL.';
  if (!(error instanceof Refusal)) return failureReason(error);
  const errors = (error.extra['errors'] ?? []) as readonly ValidationError[];
  if (errors.length === 0) return `${error.code}: ${error.detail}`;
  return errors
    .map(({ pointer, message }) => `${pointer.slice(1).replaceAll('/', '.') || 'The options'}: ${message}`)
    .join('\n');
}

const isUsage = (error: unknown): boolean =>
  error instanceof ConfigError ||
  error instanceof UsageError ||
  (error instanceof Refusal && error.code === 'validation_failed');

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : USAGE);
  process.stderr.write(`${explain(error)}\n`);
  process.exit(isUsage(error) ? USAGE : FAILED);
});
