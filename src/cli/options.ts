import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Role } from '../cqrs/message';
import type { ProductResponse } from '../domain/product';
import type { DeadLetterState, OpenFilter } from '../kafka/dead-letter';
import type { OutboxState } from '../outbox/admin';
import { isStorable, isWithin, NOT_STORABLE, notWithin } from '../platform/values';
import type { SagaResponse } from '../sagas/view';
import type { SagaType } from '../temporal-contract';
import type { DiagramOptions } from './run/diagram';

/** @returns a parser of such text. @throws InvalidArgumentError, which is a usage error */
export function storableText(max: number) {
  return (value: string): string => {
    if (!isWithin(value, max)) throw new InvalidArgumentError(notWithin(max));
    if (!isStorable(value)) throw new InvalidArgumentError(NOT_STORABLE);
    return value;
  };
}

/** Why an operator acts, for the audit log. */
export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why, for the audit log').argParser(storableText(500)).makeOptionMandatory();
export const optionalReason = (): Option => reasonOption().makeOptionMandatory(false);
export const actorOption = (): Option =>
  new Option('--actor <name>', 'who, for the audit log; defaults to the user of this shell').argParser(
    storableText(64),
  );
const dryRunOption = (): Option => new Option('--dry-run', 'say what the command would do, and do nothing');
export const jsonOption = (): Option => new Option('--json', 'print JSON');

/** @throws InvalidArgumentError, which is a usage error */
function pageLimit(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new InvalidArgumentError('It is 1 to 200.');
  return count;
}

/** The options of every command that lists by pages. */
export const withPageOptions = (command: Command): Command =>
  command
    .option('--limit <n>', 'the size of a page, 1 to 200', pageLimit, 50)
    .option('--cursor <cursor>', 'the next page, as the page before it printed')
    .addOption(jsonOption());

/** The options of every act that can be tried in a dry run. */
export const withActOptions = (command: Command, reason = reasonOption()): Command =>
  command.addOption(reason).addOption(actorOption()).addOption(dryRunOption()).addOption(jsonOption());

export interface JsonOptions {
  readonly json?: boolean;
}

export interface PageOptions extends JsonOptions {
  readonly limit: number;
  readonly cursor?: string;
}

export interface ActOptions extends JsonOptions {
  readonly reason: string;
  readonly actor?: string;
  readonly dryRun?: boolean;
}

export type OptionalReason<Options extends ActOptions = ActOptions> = Omit<Options, 'reason'> & {
  readonly reason?: string;
};

/** What the options choose from, written out: help loads no schemas. A test compares them with the schemas. */
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

/** Options that do not go together, or a value that is none: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
