import type { z } from 'zod';
import type { EventContext } from '../events/append';
import type { Database } from '../platform/database/database';
import type { Logger } from '../platform/logger';
import type { IdempotencyKey } from './idempotency';
import type { PendingWrites, UnitOfWork } from './unit-of-work';
import type { SagaStepRecord } from './write.sql';

/** The role of an API key. */
export type Role = 'customer' | 'service' | 'operator';

/** The sender of a message. `system` is the service itself: its sagas, consumers and schedules. */
export type Principal =
  | { readonly role: 'customer'; readonly keyId: string; readonly customerId: string }
  | { readonly role: 'service' | 'operator'; readonly keyId: string }
  | { readonly role: 'system' };

/** The service as a principal. It may send every message. */
export const systemPrincipal: Principal = { role: 'system' };

/** Returns the principal's id for the audit log: the id of its API key, or `system`. */
export const actorId = (principal: Principal): string => (principal.role === 'system' ? 'system' : principal.keyId);

/** Checks whether the principal may see this customer's data. Other data must look as if it did not exist. */
export const canAccess = (principal: Principal, customerId: string): boolean =>
  principal.role !== 'customer' || principal.customerId === customerId;

/**
 * The transaction of a command. `one_statement` decides from the input alone and costs one round trip; `interactive`
 * reads under locks first.
 */
export type TransactionMode = 'one_statement' | 'interactive';

/** The mode of a message. A query has no transaction and writes nothing. */
export type MessageMode = 'query' | TransactionMode;

/** The declaration of a command or query. */
export interface MessageDefinition<Input = unknown, Result = unknown, Mode extends MessageMode = MessageMode> {
  /** Unique name for logs and errors, e.g. `PlaceOrder`. */
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly result: z.ZodType<Result>;
  /** The roles that may send it. The system always may. */
  readonly roles: readonly Role[];
  /** Decides the context of its handler; see {@link Contexts}. */
  readonly mode: Mode;
}

/** A definition that, called with data, returns a message. */
export interface MessageMaker<Input, Result, Mode extends MessageMode> extends MessageDefinition<Input, Result, Mode> {
  (data: Input): Message<Result>;
}

/** A command or query with its data. Sending it resolves to `Result`. */
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

/** Declares a query. */
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

/** The part of the context that every handler gets. */
export interface HandlerContext {
  readonly principal: Principal;
  /** The time of the command: RFC 3339, UTC. Events and rows share it. */
  readonly now: string;
  readonly logger: Logger;
  readonly correlationId: string;
}

/** The context of a query's handler. It can read but not write. */
export interface QueryContext extends HandlerContext {
  readonly database: Database;
}

/** The context of a `one_statement` command's handler. It can write but not read. */
export interface OneStatementContext extends HandlerContext {
  readonly uow: PendingWrites;
}

/** The context of an `interactive` command's handler, with an open transaction. */
export interface CommandContext extends HandlerContext {
  readonly uow: UnitOfWork;
}

/** The contexts of handlers, by the mode of their messages. */
export interface Contexts {
  readonly query: QueryContext;
  readonly one_statement: OneStatementContext;
  readonly interactive: CommandContext;
}

/** A handler with the definition of its message. See {@link handle}. */
export interface Handler {
  readonly definition: MessageDefinition;
  readonly run: (data: never, context: never) => Promise<unknown>;
}

/** Binds a function to a command or query. The mode of the message types the function's context. */
export const handle = <Input, Result, Mode extends MessageMode>(
  definition: MessageDefinition<Input, Result, Mode>,
  run: (data: Input, context: Contexts[Mode]) => Promise<Result>,
): Handler => ({ definition, run });

/** The options of one message. */
export interface SendOptions {
  /** Defaults to the system. */
  readonly principal?: Principal;
  /** Makes a repeat of the command return the stored response without an effect. */
  readonly idempotencyKey?: IdempotencyKey;
  /** Called for a repeat, which returns the stored response and has no effect. */
  readonly onRepeat?: () => void;
  /** The saga step that the command is. It is recorded in the command's transaction. */
  readonly step?: SagaStepRecord;
  /** On the clock of `performance.now()`: after it the command neither starts nor commits. */
  readonly deadline?: number;
  /** Defaults to a new id. */
  readonly correlationId?: string;
  /** The id of the event that caused the command. */
  readonly causationId?: string;
  /** W3C Trace Context. */
  readonly traceparent?: string;
}

/** A message in the behaviours, with its state. */
export interface Dispatch {
  readonly definition: MessageDefinition;
  data: unknown;
  readonly options: SendOptions;
  readonly principal: Principal;
  readonly context: EventContext;
  logger: Logger;
  /** Set by the `transaction` behaviour, or before it for a batch in one transaction. */
  uow?: UnitOfWork | PendingWrites;
}

/** Middleware around every handler. */
export type Behaviour = (dispatch: Dispatch, next: () => Promise<unknown>) => Promise<unknown>;
