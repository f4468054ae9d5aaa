import { type Command, InvalidArgumentError, Option } from 'commander';
import { choices, optionalReason, type PageOptions, storableText, withActOptions, withPageOptions } from './options';
import type { CreateOptions, KeyActOptions } from './run/keys';

const run = () => import('./run/keys.js');

/** Adds `paysaga keys` and its commands. */
export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('API keys');
  const create = keys
    .command('create')
    .description('create an API key and print it; the secret is shown this once')
    .addOption(new Option('--role <role>', 'what the key may do').choices(choices.roles).makeOptionMandatory())
    .option('--customer <id>', 'the customer whose data a customer key sees')
    .option('--expires-at <time>', 'when the key expires (RFC 3339); defaults to never', time)
    .option('--label <text>', 'what the key is for', storableText(100));
  withActOptions(create, optionalReason()).action(async (options: CreateOptions) => (await run()).create(options));
  withPageOptions(
    keys.command('ls').alias('list').description('list keys, newest first; revoked and expired ones too'),
  ).action(async (options: PageOptions) => (await run()).list(options));
  const revoke = keys
    .command('revoke')
    .description('revoke a key; every process refuses it within 5 seconds')
    .argument('<key_id>');
  withActOptions(revoke, optionalReason()).action(async (id: string, options: KeyActOptions) =>
    (await run()).revoke(id, options),
  );
  const rotate = keys
    .command('rotate')
    .description('replace a key and print the new one; the old key works for the time of KEY_ROTATION_GRACE')
    .argument('<key_id>');
  withActOptions(rotate, optionalReason()).action(async (id: string, options: KeyActOptions) =>
    (await run()).rotate(id, options),
  );
}

function time(value: string): string {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('It is an RFC 3339 time such as 2027-01-31T00:00:00Z.');
  return new Date(ms).toISOString();
}
