import { userInfo } from 'node:os';
import { InvalidArgumentError, Option } from 'commander';
import { createApplication } from '../application';
import type { Message, Principal } from '../mediator/message';
import { connectDatabase, type Database } from '../platform/database/database';
import { createLogger } from '../platform/telemetry/logger';
import { reason } from '../platform/schemas';
import { connectTemporalClient, createWorkflowUrl, type TemporalClient } from '../platform/temporal/temporal';
import { createSagaProgress } from '../sagas/view/saga-progress';
import { configure } from './configure';

/** A command has to connect to Temporal first, and a person can wait. */
const PATIENCE_MS = 3_000;

/** Runs with a database, and closes it. */
export async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const logger = createLogger({ name: 'cli', level: 'silent', pretty: false });
  const database = connectDatabase({ ...configure().database, applicationName: 'paysaga-cli', logger });
  try {
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

/** What every act takes. */
export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why, for the audit').argParser(checkedReason).makeOptionMandatory();
export const actorOption = (): Option =>
  new Option('--actor <name>', 'who, for the audit; the user of this shell unless told');
export const dryRunOption = (): Option => new Option('--dry-run', 'say what it would do, and do nothing');
export const jsonOption = (): Option => new Option('--json', 'as JSON, for programs');

export interface ActOptions {
  readonly reason: string;
  readonly actor?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

function checkedReason(value: string): string {
  const parsed = reason.safeParse(value);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join('; '));
  return parsed.data;
}
