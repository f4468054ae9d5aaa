import type { z } from 'zod';
import type { EventContext } from '../events/append';
import type { Database } from '../platform/database/database';
import type { Logger } from '../platform/logger';
import type { Once } from './idempotency';
import type { PendingWrites, UnitOfWork } from './unit-of-work';
import type { SagaStepRecord } from './write.sql';

export type Role = 'customer' | 'service' | 'operator';

/** Who sends a message. `system` is the service itself: its sagas, consumers and schedules. */
export type Principal =
  | { readonly role: 'customer'; readonly keyId: string; readonly customerId: string }
  | { readonly role: 'service' | 'operator'; readonly keyId: string }
  | { readonly role: 'system' };

export const systemPrincipal: Principal = { role: 'system' };

/** Who did it, for the audit: the API key's id, or the service itself. */
export const actorId = (principal: Principal): string => (principal.role === 'system' ? 'system' : principal.keyId);

/** Whether data of this customer is the principal's to see; otherwise it does not exist for it. */
export const canAccess = (principal: Principal, customerId: string): boolean =>
  principal.role !== 'customer' || principal.customerId === customerId;

/**
 * How a command's writes become one transaction: `one_statement` decides from its input alone and is
 * the fast one; `interactive` reads under locks first.
 */
export type TransactionMode = 'one_statement' | 'interactive';

/** A query has no transaction and writes nothing. */
export type MessageMode = 'query' | TransactionMode;

export interface MessageDefinition<Input = unknown, Result = unknown, Mode extends MessageMode = MessageMode> {
  /** `PlaceOrder`: unique, in logs and errors. */
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly result: z.ZodType<Result>;
  /** Who may send it besides the system. */
  readonly roles: readonly Role[];
  /** Decides what its handler gets; see `Contexts`. */
  readonly mode: Mode;
}

/** A definition that makes messages when called with their data. */
export interface MessageMaker<Input, Result, Mode extends MessageMode> extends MessageDefinition<Input, Result, Mode> {
  (data: Input): Message<Result>;
}

/** One command or query on its way; `Result` is what sending it promises. */
export interface Message<Result = unknown> {
  readonly definition: MessageDefinition<unknown, Result>;
  readonly data: unknown;
}

type Declaration<Input, Result> = Omit<MessageDefinition<Input, Result>, 'mode'>;

/** Declares a command. `transaction` defaults to `interactive`. */
export function defineCommand<Input, Result, Mode extends TransactionMode = 'interactive'>({
  transaction = 'interactive' as Mode,
  ...declaration
}: Declaration<Input, Result> & { readonly transaction?: Mode }): MessageMaker<Input, Result, Mode> {
  return define({ ...declaration, mode: transaction });
}

export function defineQuery<Input, Result>(
  declaration: Declaration<Input, Result>,
): MessageMaker<Input, Result, 'query'> {
  return define({ ...declaration, mode: 'query' });
}

function define<Input, Result, Mode extends MessageMode>(
  declaration: MessageDefinition<Input, Result, Mode>,
): MessageMaker<Input, Result, Mode> {
  const { name, ...rest } = declaration;
  const make = (data: Input): Message<Result> => ({ definition: maker, data });
  Object.defineProperty(make, 'name', { value: name });
  const maker = Object.freeze(Object.assign(make, rest)) as MessageMaker<Input, Result, Mode>;
  return maker;
}

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

export interface SendOptions {
  /** The system unless told. */
  readonly principal?: Principal;
  readonly once?: Once;
  /** Called when the once-key was there already: the stored answer is given, and nothing was done. */
  readonly onRepeat?: () => void;
  /** The saga step this command is, recorded in the command's own transaction. */
  readonly step?: SagaStepRecord;
  /** On `performance.now()`'s clock: what the caller has given up by then is neither begun nor committed. */
  readonly deadline?: number;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** W3C Trace Context. */
  readonly traceparent?: string;
}

/** One message on its way through the behaviours. */
export interface Dispatch {
  readonly definition: MessageDefinition;
  data: unknown;
  readonly options: SendOptions;
  readonly principal: Principal;
  readonly context: EventContext;
  logger: Logger;
  /** Set by the transaction; present before it when a batch shares one. */
  uow?: UnitOfWork | PendingWrites;
}

/** Middleware around every handler. */
export type Behaviour = (dispatch: Dispatch, next: () => Promise<unknown>) => Promise<unknown>;
