import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Role } from '../cqrs/message';
import type { DeadLetterState, OpenFilter } from '../dead-letters/dead-letter';
import type { ProductResponse } from '../domain/product';
import type { OutboxState } from '../outbox/admin';
import { isStorable, isWithin, NOT_STORABLE, notWithin } from '../platform/values';
import type { SagaResponse } from '../sagas/view';
import type { SagaType } from '../temporal-contract';

/** Returns a parser of text that the database can store. @throws InvalidArgumentError, a usage error */
export function storableText(max: number) {
  return (value: string): string => {
    if (!isWithin(value, max)) throw new InvalidArgumentError(notWithin(max));
    if (!isStorable(value)) throw new InvalidArgumentError(NOT_STORABLE);
    return value;
  };
}

/** The option for an operator's reason, which the audit log keeps. */
export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why, for the audit log').argParser(storableText(500)).makeOptionMandatory();
/** The same option, for acts that need no reason. */
export const optionalReason = (): Option => reasonOption().makeOptionMandatory(false);
/** The option for the operator's name in the audit log. */
export const actorOption = (): Option =>
  new Option('--actor <name>', 'who, for the audit log; defaults to the user of this shell').argParser(
    storableText(64),
  );
const dryRunOption = (): Option => new Option('--dry-run', 'say what the command would do, and do nothing');
/** The option that prints JSON instead of text for people. */
export const jsonOption = (): Option => new Option('--json', 'print JSON');

/** Parses the size of a page. @throws InvalidArgumentError, a usage error */
function pageLimit(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new InvalidArgumentError('It is 1 to 200.');
  return count;
}

/** Adds the options of commands that list by pages. */
export const withPageOptions = (command: Command): Command =>
  command
    .option('--limit <n>', 'the size of a page, 1 to 200', pageLimit, 50)
    .option('--cursor <cursor>', 'the next page, as the page before it printed')
    .addOption(jsonOption());

/** Adds the options of acts, which can run as a dry run. */
export const withActOptions = (command: Command, reason = reasonOption()): Command =>
  command.addOption(reason).addOption(actorOption()).addOption(dryRunOption()).addOption(jsonOption());

/** The options of every command that can print JSON. */
export interface JsonOptions {
  readonly json?: boolean;
}

/** The options of a command that lists by pages. */
export interface PageOptions extends JsonOptions {
  readonly limit: number;
  readonly cursor?: string;
}

/** The options of an act. */
export interface ActOptions extends JsonOptions {
  readonly reason: string;
  readonly actor?: string;
  readonly dryRun?: boolean;
}

/** Options of an act that needs no reason. */
export type OptionalReason<Options extends ActOptions = ActOptions> = Omit<Options, 'reason'> & {
  readonly reason?: string;
};

/** The options of `paysaga diagram`. */
export interface DiagramOptions extends JsonOptions {
  readonly kind: 'sequence' | 'state';
  readonly saga?: string;
}

/** The values of options. They are written out so that help loads no schemas; a test compares them with the schemas. */
export const choices = {
  deadLetterStates: ['retrying', 'queued', 'dead', 'replayed', 'discarded'] satisfies DeadLetterState[],
  diagrams: ['sequence', 'state'] satisfies DiagramOptions['kind'][],
  openLetterStates: ['retrying', 'queued', 'dead'] satisfies OpenFilter['state'][],
  outboxStates: ['parked', 'pending'] satisfies OutboxState[],
  productKinds: ['service', 'goods'] satisfies ProductResponse['kind'][],
  roles: ['customer', 'service', 'operator'] satisfies Role[],
  sagaStates: [
    'pending',
    'running',
    'completed',
    'compensating',
    'compensated',
    'stuck',
  ] satisfies SagaResponse['state'][],
  sagaTypes: ['payment', 'order', 'shipment'] satisfies SagaType[],
};

/** Options that exclude each other, or an invalid value: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
