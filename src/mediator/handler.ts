import type { Logger } from '../platform/telemetry/logger';
import type { MessageDefinition, Principal } from './message';
import type { UnitOfWork } from './unit-of-work';

/** What a handler is given besides the message's data. */
export interface HandlerContext {
  readonly principal: Principal;
  /** RFC 3339, UTC; one value for the whole command. */
  readonly now: string;
  readonly logger: Logger;
  readonly correlationId: string;
  /** @throws Error in a query, which writes nothing */
  readonly uow: UnitOfWork;
}

export interface Handler {
  readonly definition: MessageDefinition;
  readonly run: (data: never, context: HandlerContext) => Promise<unknown>;
}

/** Binds a handler to its command or query. */
export const handle = <Input, Result>(
  definition: MessageDefinition<Input, Result>,
  run: (data: Input, context: HandlerContext) => Promise<Result>,
): Handler => ({ definition, run });
