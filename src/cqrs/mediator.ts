import type { EventContext, Notifier } from '../events/append';
import type { EventRegistry } from '../events/registry';
import { type Database, inTransaction, type Tx } from '../platform/database/database';
import { isDatabaseOutage } from '../platform/database/database-error';
import type { Logger } from '../platform/logger';
import type { Clock } from '../platform/timing';
import { newId } from '../platform/values';
import {
  type Behaviour,
  type Contexts,
  type Dispatch,
  type Handler,
  type HandlerContext,
  type Message,
  type SendOptions,
  systemPrincipal,
} from './message';
import { authorization, createTransaction, logging, once, validation } from './pipeline';
import { createUnitOfWork } from './unit-of-work';

export interface MediatorOptions {
  readonly handlers: readonly Handler[];
  readonly registry: EventRegistry;
  readonly database: Database;
  /** Told of the shards of new outbox rows after each commit. */
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The one way in: routes, activities and consumers change and read things only through this. */
export interface Mediator {
  /**
   * Runs the message's handler inside all behaviours.
   *
   * @throws Refusal when the business says no; anything else is a fault, and nothing was written. A message without a
   *   handler is a fault
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

/** @throws Error naming the message that has two handlers */
export function createMediator(options: MediatorOptions): Mediator {
  const { handlers, registry, database, notifier, clock, logger } = options;
  const handlerOf = register(handlers);
  const behaviours: readonly Behaviour[] = [
    logging,
    validation,
    authorization,
    createTransaction({ database, registry, notifier }),
    once,
  ];

  /** @param within the transaction that a batch shares, and the shards it appends to */
  const dispatch = (
    message: Message,
    options: SendOptions,
    within?: { tx: Tx; shards: Set<number> },
  ): Promise<unknown> => {
    const handler = handlerOf.get(message.definition.name);
    if (!handler) return Promise.reject(new Error(`${message.definition.name} has no handler.`));
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
      ...(within && { uow: createUnitOfWork(within.tx, { registry, context, shards: within.shards }) }),
    };
    const run = (index: number): Promise<unknown> => {
      const behaviour = behaviours[index];
      return behaviour
        ? behaviour(state, () => run(index + 1))
        : handler.run(state.data as never, contextOf(state, database) as never);
    };
    return run(0);
  };

  return {
    send: <Result>(message: Message<Result>, options: SendOptions = {}) =>
      dispatch(message, options) as Promise<Result>,

    async sendMany(batch) {
      const shards = new Set<number>();
      try {
        const results = await inTransaction(database, async (tx) => {
          const values: PromiseSettledResult<unknown>[] = [];
          for (const { message, options } of batch) {
            values.push({ status: 'fulfilled', value: await dispatch(message, options, { tx, shards }) });
          }
          return values;
        });
        notifier.appended(shards);
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

function register(handlers: readonly Handler[]): Map<string, Handler> {
  const registered = new Map<string, Handler>();
  for (const handler of handlers) {
    const { name } = handler.definition;
    if (registered.has(name)) throw new Error(`${name} has two handlers.`);
    registered.set(name, handler);
  }
  return registered;
}

function contextOf(
  { definition, principal, context, logger, uow }: Dispatch,
  database: Database,
): Contexts[keyof Contexts] {
  const common: HandlerContext = {
    principal,
    now: context.occurred_at,
    logger,
    correlationId: context.correlation_id,
  };
  return uow && definition.mode !== 'query' ? { ...common, uow } : { ...common, database };
}
