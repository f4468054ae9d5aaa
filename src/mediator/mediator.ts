import type { EventContext } from '../outbox/append';
import type { EventRegistry } from '../outbox/event-registry';
import type { Notifier } from '../outbox/wake-up/wake-up';
import type { Clock } from '../platform/clock';
import type { Database, Tx } from '../platform/database/database';
import { inTransaction } from '../platform/database/transaction';
import { isDatabaseOutage } from '../platform/database/database-error';
import { newId } from '../platform/ids';
import type { Logger } from '../platform/telemetry/logger';
import type { Behaviour, Dispatch, SendOptions } from './behaviour';
import { authorization } from './behaviours/authorization';
import { logging } from './behaviours/logging';
import { once } from './behaviours/once';
import { createTransaction } from './behaviours/transaction';
import { validation } from './behaviours/validation';
import type { Handler, HandlerContext } from './handler';
import { type Message, type MessageDefinition, systemPrincipal } from './message';
import { createUnitOfWork } from './unit-of-work';

export interface MediatorOptions {
  /** Every command and query there is. */
  readonly messages: readonly MessageDefinition[];
  readonly handlers: readonly Handler[];
  readonly registry: EventRegistry;
  readonly database: Database;
  /** Told of the lanes of new outbox rows after each commit. */
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The one way in: routes, activities and consumers change and read things only through this. */
export interface Mediator {
  /**
   * Runs the message's handler inside all behaviours.
   *
   * @throws Refusal when the business says no; anything else is a fault, and nothing was written
   */
  send<Result>(message: Message<Result>, options?: SendOptions): Promise<Result>;
  /**
   * A batch of commands in one transaction; when that fails, one by one, so that one bad command
   * costs only itself. Answers in the order of the commands.
   *
   * @throws the database's error during an outage; a repeat with the same once-keys is safe
   */
  sendMany(batch: readonly BatchCommand[]): Promise<PromiseSettledResult<unknown>[]>;
}

export interface BatchCommand {
  readonly message: Message;
  readonly options: SendOptions;
}

/** @throws Error naming the message whose handler is missing, doubled or undeclared */
export function createMediator(options: MediatorOptions): Mediator {
  const { messages, handlers, registry, database, notifier, clock, logger } = options;
  const handlerOf = register(messages, handlers);
  const behaviours: readonly Behaviour[] = [
    logging,
    validation,
    authorization,
    createTransaction({ database, registry, notifier }),
    once,
  ];

  /** @param within the transaction that a batch shares, and the lanes it appends to */
  const dispatch = (
    message: Message,
    options: SendOptions,
    within?: { tx: Tx; lanes: Set<number> },
  ): Promise<unknown> => {
    const handler = handlerOf.get(message.definition.name);
    if (!handler) throw new Error(`${message.definition.name} is not registered with this mediator.`);
    const context: EventContext = {
      occurred_at: clock(),
      correlation_id: options.correlationId ?? newId('req'),
      causation_id: options.causationId ?? null,
      traceparent: options.traceparent ?? null,
    };
    const state: Dispatch = {
      definition: message.definition,
      data: message.data,
      options,
      principal: options.principal ?? systemPrincipal,
      logger,
      context,
      ...(within && { uow: createUnitOfWork({ registry, context, ...within }) }),
    };
    const run = (index: number): Promise<unknown> => {
      const behaviour = behaviours[index];
      return behaviour ? behaviour(state, () => run(index + 1)) : handler.run(state.data as never, contextOf(state));
    };
    return run(0);
  };

  return {
    send: <Result>(message: Message<Result>, options: SendOptions = {}) =>
      dispatch(message, options) as Promise<Result>,

    async sendMany(batch) {
      const lanes = new Set<number>();
      try {
        const results = await inTransaction(database, async (tx) => {
          const values: PromiseSettledResult<unknown>[] = [];
          for (const { message, options } of batch) {
            values.push({ status: 'fulfilled', value: await dispatch(message, options, { tx, lanes }) });
          }
          return values;
        });
        notifier.appended(lanes);
        return results;
      } catch (error) {
        if (isDatabaseOutage(error)) throw error;
        logger.debug({ err: error, size: batch.length }, 'batch.taken_apart');
        const results: PromiseSettledResult<unknown>[] = [];
        for (const { message, options } of batch) {
          results.push(...(await Promise.allSettled([dispatch(message, options)])));
        }
        return results;
      }
    },
  };
}

function register(messages: readonly MessageDefinition[], handlers: readonly Handler[]): Map<string, Handler> {
  const declared = new Set(messages.map(({ name }) => name));
  const registered = new Map<string, Handler>();
  for (const handler of handlers) {
    const { name } = handler.definition;
    if (!declared.has(name)) throw new Error(`${name} has a handler, but is not in the list of messages.`);
    if (registered.has(name)) throw new Error(`${name} has two handlers.`);
    registered.set(name, handler);
  }
  const missing = [...declared].filter((name) => !registered.has(name));
  if (missing.length > 0) throw new Error(`No handler for ${missing.join(', ')}.`);
  return registered;
}

const contextOf = ({ principal, context, logger, uow, definition }: Dispatch): HandlerContext => ({
  principal,
  now: context.occurred_at,
  logger,
  correlationId: context.correlation_id,
  get uow() {
    if (!uow) throw new Error(`${definition.name} is a query, and writes nothing.`);
    return uow;
  },
});
