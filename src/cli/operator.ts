import { userInfo } from 'node:os';
import { createApplication } from '../application';
import type { Mediator } from '../cqrs/mediator';
import type { Message, Principal } from '../cqrs/message';
import { connectDatabase, type Database } from '../platform/database/database';
import { readDatabaseClock } from '../platform/database/database-clock';
import { assertMigrated } from '../platform/database/migrated';
import { createLogger, type Logger } from '../platform/logger';
import { connectTemporalClient, createWorkflowUrl, type TemporalClient } from '../platform/temporal/temporal';
import { createSagaProgress } from '../sagas/queries';
import { configure, configureDirectDatabase, configureKeys } from './configure';

/** The time limit for a call to Temporal, in ms. It includes the connection, and a person can wait. */
const PATIENCE_MS = 3_000;

/** Runs work with a database of this version, and disconnects. @throws SetupMissing when the database is older */
async function withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T> {
  const database = connectDatabase({ ...configureDirectDatabase(), applicationName: 'paysaga-cli', logger: silent() });
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

/** Sends messages through the mediator as the operator `cli/<actor>`. `work` also gets that id. */
export function asOperator<T>(
  actor: string | undefined,
  work: (send: Send, temporal: TemporalClient, operator: string) => Promise<T>,
): Promise<T> {
  return withDatabase(async (database) => {
    const logger = silent();
    const config = configure().temporal;
    const temporal = connectTemporalClient({ config });
    const sagaProgress = createSagaProgress({ temporal, logger, deadlineMs: PATIENCE_MS });
    const mediator = createApplication({ database, logger, sagaProgress, workflowUrl: createWorkflowUrl(config) });
    return work(sendAs(mediator, actor), temporal, operatorOf(actor)).finally(() => temporal.close());
  });
}

/** Sends messages as {@link asOperator} does, for commands that need only the database. */
export function asDatabaseOperator<T>(actor: string | undefined, work: (send: Send) => Promise<T>): Promise<T> {
  const { rotationGraceMs } = configureKeys();
  return withDatabase((database) =>
    work(sendAs(createApplication({ database, logger: silent(), keyRotationGraceMs: rotationGraceMs }), actor)),
  );
}

const silent = (): Logger => createLogger({ name: 'cli', level: 'silent', pretty: false });

function sendAs(mediator: Mediator, actor: string | undefined): Send {
  const principal: Principal = { role: 'operator', keyId: operatorOf(actor) };
  return (message) => mediator.send(message, { principal });
}

const operatorOf = (actor: string | undefined): string => `cli/${actor ?? osUser()}`;

/** Returns the user's name. The user of a container may have none. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
