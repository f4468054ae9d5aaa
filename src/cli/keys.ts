import { type Command, InvalidArgumentError, Option } from 'commander';
import { createApiKey, type NewApiKey } from '../http/api-keys';
import { clientId } from '../platform/schemas';
import { withDatabase } from './operator';
import { say } from './output';
import { UsageError } from './usage-error';

export function addKeyCommands(program: Command): void {
  const keys = program.command('keys').description('API keys');
  keys
    .command('create')
    .description('make an API key and print it, this once')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(['customer', 'service', 'operator']).makeOptionMandatory(),
    )
    .option('--customer <id>', 'whose data a customer key sees', customerId)
    .action(async ({ role, customer }: { role: 'customer' | 'service' | 'operator'; customer?: string }) => {
      const wanted = newKey(role, customer);
      const { key } = await withDatabase((database) => createApiKey(database, wanted));
      say(key);
    });
}

function newKey(role: 'customer' | 'service' | 'operator', customer: string | undefined): NewApiKey {
  if (role === 'customer') {
    if (customer === undefined) throw new UsageError('A customer key needs --customer <id>.');
    return { role, customerId: customer };
  }
  if (customer !== undefined) throw new UsageError('--customer is for --role customer.');
  return { role };
}

function customerId(value: string): string {
  const parsed = clientId.safeParse(value);
  if (!parsed.success) throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message ?? 'is no customer id'}.`);
  return parsed.data;
}
