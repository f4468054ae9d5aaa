import type { z } from 'zod';

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
