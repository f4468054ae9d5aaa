import type { Database } from '../platform/database/database';
import type { Logger } from '../platform/telemetry/logger';
import type { MessageDefinition, MessageMode, Principal } from './message';
import type { PendingWrites, UnitOfWork } from './unit-of-work';

/** What every handler gets besides the message's data. */
export interface HandlerContext {
  readonly principal: Principal;
  /** RFC 3339, UTC; one value for the whole command. */
  readonly now: string;
  readonly logger: Logger;
  readonly correlationId: string;
}

/** What a query's handler gets: a database to read from, and nothing to write with. */
export interface QueryContext extends HandlerContext {
  readonly database: Database;
}

/** What the handler of a `one_statement` command gets: it can write, but not read under a lock. */
export interface OneStatementContext extends HandlerContext {
  readonly uow: PendingWrites;
}

/** What the handler of an `interactive` command gets: a unit of work with an open transaction. */
export interface CommandContext extends HandlerContext {
  readonly uow: UnitOfWork;
}

/** The context of a handler by the mode of its message. */
export interface Contexts {
  readonly query: QueryContext;
  readonly one_statement: OneStatementContext;
  readonly interactive: CommandContext;
}

export interface Handler {
  readonly definition: MessageDefinition;
  readonly run: (data: never, context: never) => Promise<unknown>;
}

/** Binds a handler to its command or query, whose mode types the handler's context. */
export const handle = <Input, Result, Mode extends MessageMode>(
  definition: MessageDefinition<Input, Result, Mode>,
  run: (data: Input, context: Contexts[Mode]) => Promise<Result>,
): Handler => ({ definition, run });
