import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { z } from 'zod';
import { createApplication } from '../application';
import type { Message, Principal } from '../mediator/message';
import { connectDatabase, type Database } from '../platform/database/database';
import { readDatabaseClock } from '../platform/database/database-clock';
import { assertMigrated } from '../platform/database/migrated';
import { createLogger } from '../platform/telemetry/logger';
import { reason, text } from '../platform/schemas';
import { connectTemporalClient, createWorkflowUrl, type TemporalClient } from '../platform/temporal/temporal';
import { createSagaProgress } from '../sagas/view/saga-progress';
import { configure, configureDirectDatabase } from './configure';

/** A command has to connect to Temporal first, and a person can wait. */
const PATIENCE_MS = 3_000;

/** Runs with a database of this version, and closes it. @throws SetupMissing when it is older */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const logger = createLogger({ name: 'cli', level: 'silent', pretty: false });
  const database = connectDatabase({ ...configureDirectDatabase(), applicationName: 'paysaga-cli', logger });
  try {
    await assertMigrated(database);
    await readDatabaseClock(database);
    return await work(database);
  } finally {
    await database.$disconnect();
  }
}

/** Sends messages as an operator. */
export type Send = <Result>(message: Message<Result>) => Promise<Result>;

/** The one way in, also from here: through the mediator, as the operator `cli/<actor>`. */
export function asOperator<T>(
  actor: string | undefined,
  work: (send: Send, temporal: TemporalClient) => Promise<T>,
): Promise<T> {
  const principal: Principal = { role: 'operator', keyId: `cli/${actor ?? osUser()}` };
  return withDatabase(async (database) => {
    const logger = createLogger({ name: 'cli', level: 'silent', pretty: false });
    const config = configure().temporal;
    const temporal = connectTemporalClient({ config });
    const sagaProgress = createSagaProgress({ temporal, logger, deadlineMs: PATIENCE_MS });
    const mediator = createApplication({ database, logger, sagaProgress, workflowUrl: createWorkflowUrl(config) });
    return work((message) => mediator.send(message, { principal }), temporal).finally(() => temporal.close());
  });
}

/** A container's user may have no name. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

const actorName = text(64);

/** What every act takes. */
export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why, for the audit').argParser(checked(reason)).makeOptionMandatory();
export const actorOption = (): Option =>
  new Option('--actor <name>', 'who, for the audit; by default the user of this shell').argParser(checked(actorName));
export const dryRunOption = (): Option => new Option('--dry-run', 'say what it would do, and do nothing');
export const jsonOption = (): Option => new Option('--json', 'as JSON, for programs');

/** @throws InvalidArgumentError, which is a usage error */
function pageLimit(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw new InvalidArgumentError('It is 1 to 200.');
  return count;
}

/** The options of every command that lists by pages. */
export const withPageOptions = (command: Command): Command =>
  command
    .option('--limit <n>', 'at most so many', pageLimit, 50)
    .option('--cursor <cursor>', 'the next page, as the one before it said')
    .addOption(jsonOption());

/** The options of every act that can be tried in a dry run. */
export const withActOptions = (command: Command, reason = reasonOption()): Command =>
  command.addOption(reason).addOption(actorOption()).addOption(dryRunOption()).addOption(jsonOption());

export interface ActOptions {
  readonly reason: string;
  readonly actor?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** An option of this shape. @throws InvalidArgumentError, which is a usage error */
function checked(schema: z.ZodType<string>) {
  return (value: string): string => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join('; '));
  };
}
