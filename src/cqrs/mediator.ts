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
import { authorization, createTransaction, logging, idempotency, validation } from './pipeline';
import { createUnitOfWork } from './unit-of-work';

/** The dependencies of {@link createMediator}. */
export interface MediatorOptions {
  readonly handlers: readonly Handler[];
  readonly registry: EventRegistry;
  readonly database: Database;
  /** Gets the shards of new outbox rows after each commit. */
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Sends commands and queries to their handlers. Routes, activities and consumers use nothing else. */
export interface Mediator {
  /**
   * Runs the handler of a message inside all behaviours.
   *
   * @throws Refusal if a business rule refuses the message; nothing was written
   * @throws Error for a fault or a message without a handler
   */
  send<Result>(message: Message<Result>, options?: SendOptions): Promise<Result>;
  /**
   * Runs commands in one transaction. If that fails, runs each in its own, so that a bad command fails alone. The
   * results have the order of the commands.
   *
   * @throws the database's error during an outage; a repeat with the same idempotency keys is safe
   */
  sendMany(batch: readonly BatchCommand[]): Promise<PromiseSettledResult<unknown>[]>;
}

/** A command of {@link Mediator.sendMany} with its options. */
export interface BatchCommand {
  readonly message: Message;
  readonly options: SendOptions;
}

/** Creates the mediator. @throws Error that names a message with two handlers */
export function createMediator(options: MediatorOptions): Mediator {
  const { handlers, registry, database, notifier, clock, logger } = options;
  const handlerOf = register(handlers);
  const behaviours: readonly Behaviour[] = [
    logging,
    validation,
    authorization,
    createTransaction({ database, registry, notifier }),
    idempotency,
  ];

  /** @param within the transaction of a batch and the shards of its new rows */
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
