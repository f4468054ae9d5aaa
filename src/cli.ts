#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { eventRegistry } from './application';
import { type Config, ConfigError, loadConfig } from './config';
import { createApiKey, type NewApiKey } from './http/api-keys';
import { connectKafka } from './messaging/kafka';
import { createTopics } from './messaging/topics';
import { connectDatabase } from './platform/database';
import { createLogger } from './platform/logger';
import { applyMigrations } from './platform/migrate';
import { clientId } from './platform/schemas';

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
    const applied = await applyMigrations({ databaseUrl: configure().database.url });
    say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
  });

program
  .command('topics')
  .description('make the Kafka topics that are missing')
  .action(async () => {
    const { kafka } = configure();
    const logger = createLogger({ name: 'cli', level: 'silent', pretty: false });
    const { topics } = eventRegistry;
    const made = await createTopics({ kafka: connectKafka({ config: kafka, logger }), topics, config: kafka.topics });
    say(made.length === 0 ? `All ${topics.length} topics are there.` : `Made ${made.join(', ')}.`);
  });

const keys = program.command('keys').description('API keys');
keys
  .command('create')
  .description('make an API key and print it, this once')
  .addOption(
    new Option('--role <role>', 'what it may do').choices(['customer', 'service', 'operator']).makeOptionMandatory(),
  )
  .option('--customer <id>', 'whose data a customer key sees', customerId)
  .action(async ({ role, customer }: { role: 'customer' | 'service' | 'operator'; customer?: string }) => {
    const logger = createLogger({ name: 'cli', level: 'silent', pretty: false });
    const database = connectDatabase({ ...configure().database, applicationName: 'paysaga-cli', logger });
    try {
      const { key } = await createApiKey(database, newKey(role, customer));
      say(key);
    } finally {
      await database.$disconnect();
    }
  });

function newKey(role: 'customer' | 'service' | 'operator', customer: string | undefined): NewApiKey {
  if (role === 'customer') {
    if (customer === undefined) throw new UsageError('A customer key needs --customer <id>.');
    return { role, customerId: customer };
  }
  if (customer !== undefined) throw new UsageError('--customer is for --role customer.');
  return { role };
}

class UsageError extends Error {}

function oneOf(...choices: string[]) {
  return (value: string): string => {
    if (!choices.includes(value)) throw new InvalidArgumentError(`It is one of ${choices.join(', ')}.`);
    return value;
  };
}

function customerId(value: string): string {
  const parsed = clientId.safeParse(value);
  if (!parsed.success) throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message ?? 'is no customer id'}.`);
  return parsed.data;
}

/** The environment, completed by the running local stack. */
function configure(): Config {
  return loadConfig({ ...localStack(), ...process.env });
}

function localStack(): Record<string, string> {
  try {
    const stack = JSON.parse(readFileSync('.paysaga/stack.json', 'utf8')) as Record<string, string>;
    return {
      DATABASE_URL: stack['database_url'] ?? '',
      KAFKA_BROKERS: stack['kafka_brokers'] ?? '',
      TEMPORAL_ADDRESS: stack['temporal_address'] ?? '',
      KAFKA_REPLICATION: '1',
    };
  } catch {
    return {};
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : USAGE);
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError || error instanceof UsageError ? USAGE : FAILED);
});
