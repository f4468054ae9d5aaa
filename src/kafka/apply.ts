import { keyForEvent } from '../cqrs/idempotency';
import type { BatchCommand, Mediator } from '../cqrs/mediator';
import type { EventRegistry } from '../events/registry';
import type { Database } from '../platform/database/database';
import type { Faults } from '../platform/faults';
import type { Logger } from '../platform/logger';
import { createBackoff, wait } from '../platform/timing';
import { groupBy } from '../platform/values';
import { failureKind, failureReason, KeyQueueFull, retryAfter } from './apply-failure';
import type { ConsumerConfig } from './consumer-config';
import { type ConsumerMetrics, noConsumerMetrics } from './consumer-metrics';
import { findEarlierLetters, type NewDeadLetter, storeDeadLetters } from './dead-letters.sql';
import type { ConsumerDefinition } from './received-event';
import { type IncomingMessage, readEvent, shortKey, sourceOf } from './received-event';

/**
 * Returns the command for a message, with the event's idempotency key; `undefined` when the group does not handle its
 * type.
 *
 * @throws UnreadableMessage, NewerDataVersion
 */
export function eventCommand(
  message: IncomingMessage,
  { group, toCommand }: ConsumerDefinition,
  registry: EventRegistry,
): BatchCommand | undefined {
  const event = readEvent(message, registry);
  const command = toCommand(event);
  return (
    command && {
      message: command,
      options: {
        idempotencyKey: keyForEvent(group, event.event_id, sourceOf(message)),
        correlationId: event.correlation_id,
        causationId: event.event_id,
        ...(event.traceparent !== null && { traceparent: event.traceparent }),
      },
    }
  );
}

/** What applying messages needs. */
export interface ApplyOptions {
  readonly definition: ConsumerDefinition;
  readonly mediator: Mediator;
  readonly registry: EventRegistry;
  readonly faults: Faults;
  readonly metrics?: ConsumerMetrics;
}

/** A message that could not be applied. */
export interface ApplyFailure {
  readonly message: IncomingMessage;
  readonly error: unknown;
}

/** Attempts at a transient failure, mostly a lock that another consumer holds. */
const ATTEMPTS_IN_PLACE = 3;
const BACKOFF = { initialMs: 50, maxMs: 500 };

/**
 * Creates a function that applies messages, each effect in one transaction with its idempotency key. The messages must
 * have different keys: they are applied in one transaction or, when that fails, each in its own.
 *
 * It returns the messages that could not be applied.
 *
 * @throws the database's error during an outage; a repeat finds what was applied before
 */
export function createApply({ definition, mediator, registry, faults, metrics = noConsumerMetrics }: ApplyOptions) {
  const { group } = definition;
  const fail = (failures: ApplyFailure[], message: IncomingMessage, error: unknown): void => {
    metrics.failed(group, message.topic);
    failures.push({ message, error });
  };

  return async function apply(messages: readonly IncomingMessage[]): Promise<ApplyFailure[]> {
    const failures: ApplyFailure[] = [];
    let pending: PendingMessage[] = [];
    for (const message of messages) {
      try {
        const command = eventCommand(message, definition, registry);
        if (!command) continue;
        await faults.pass('consumer.before_effect');
        pending.push(pendingMessage(message, command));
      } catch (error) {
        if (failureKind(error) === 'outage') throw error;
        fail(failures, message, error);
      }
    }

    const backoff = createBackoff(BACKOFF);
    for (let attempt = 1; pending.length > 0; attempt += 1) {
      const results = await mediator.sendMany(pending.map(({ command }) => command));
      const again: typeof pending = [];
      for (const [index, item] of pending.entries()) {
        const result = results[index];
        if (result?.status !== 'rejected') {
          metrics[item.isRepeat ? 'duplicates' : 'applied'](group, item.message.topic);
          continue;
        }
        const kind = failureKind(result.reason);
        if (kind === 'outage') throw result.reason;
        if (kind === 'transient' && attempt < ATTEMPTS_IN_PLACE) again.push(item);
        else fail(failures, item.message, result.reason);
      }
      if (again.length < pending.length) await faults.pass('consumer.after_commit');
      pending = again;
      if (pending.length > 0) await wait(backoff.next());
    }
    return failures;
  };
}

interface PendingMessage {
  readonly message: IncomingMessage;
  readonly command: BatchCommand;
  /** Whether it was applied before. */
  isRepeat: boolean;
}

function pendingMessage(message: IncomingMessage, { message: command, options }: BatchCommand): PendingMessage {
  const onRepeat = (): void => {
    pending.isRepeat = true;
  };
  const pending: PendingMessage = {
    message,
    command: { message: command, options: { ...options, onRepeat } },
    isRepeat: false,
  };
  return pending;
}

/** What applying messages in order needs. */
export interface ApplyInOrderOptions extends ApplyOptions {
  readonly database: Database;
  readonly config: ConsumerConfig;
  readonly logger: Logger;
}

/**
 * Creates a function that applies messages of one topic in their order per key. A message that cannot be applied is
 * kept as a dead letter, and all later ones of its key queue behind it. Other keys go on. A message whose letter an
 * operator has closed is skipped.
 *
 * When it returns, each message has had its effect or is a dead letter, so its offset may be committed. A repeat is
 * safe.
 *
 * @throws the database's error during an outage
 * @throws KeyQueueFull when more messages of a key would wait than may; nothing is applied then
 */
export function createApplyInOrder(options: ApplyInOrderOptions) {
  const { definition, database, config, logger, metrics } = options;
  const apply = createApply(options);

  const deadLetter = ({ message, error }: ApplyFailure): NewDeadLetter => {
    const reason = failureReason(error);
    const retryAfterMs = retryAfter(error, 1, config.retryDelaysMs);
    const state = retryAfterMs === null ? 'dead' : 'retrying';
    logger.warn(
      { group: definition.group, source: sourceOf(message), key: shortKey(message.key), reason, state },
      'consumer.message_failed',
    );
    return { message, state, reason, attempts: 1, retryAfterMs };
  };

  return async function applyInOrder(topic: string, messages: readonly IncomingMessage[]): Promise<void> {
    const letters: NewDeadLetter[] = [];
    const { maxQueuedPerKey: max } = config;
    const { queuedByKey, closed } = await findEarlierLetters(database, {
      group: definition.group,
      topic,
      messages,
      max,
    });
    const open = messages.filter((message) => !closed.has(sourceOf(message)));
    const queues = new Map<string, IncomingMessage[]>(groupBy(open, ({ key }) => key));
    for (const [key, waiting] of queuedByKey) {
      const later = queues.get(key) ?? [];
      if (waiting + later.length > max) throw queueFull(definition.group, key, max);
      letters.push(...later.map(queued));
      queues.delete(key);
    }

    // In waves of the first message of each key: a failure is known before the next message of its key is tried.
    for (let wave = takeFirsts(queues); wave.length > 0; wave = takeFirsts(queues)) {
      for (const failure of await apply(wave)) {
        const { key } = failure.message;
        letters.push(deadLetter(failure), ...(queues.get(key) ?? []).map(queued));
        queues.delete(key);
      }
    }
    if (letters.length === 0) return;
    await storeDeadLetters(database, definition.group, letters);
    for (const { state } of letters) metrics?.deadLetters(definition.group, topic, state);
  };
}

const queueFull = (group: string, key: string, max: number): KeyQueueFull =>
  new KeyQueueFull(
    `${max} messages of the key ${shortKey(key)} wait already: replay or discard the first of them ` +
      `(\`paysaga dead-letters ls --group ${group}\`).`,
  );

const queued = (message: IncomingMessage): NewDeadLetter => ({
  message,
  state: 'queued',
  reason: 'Waits behind an earlier message of its key.',
  attempts: 0,
  retryAfterMs: null,
});

function takeFirsts(queues: Map<string, IncomingMessage[]>): IncomingMessage[] {
  const firsts: IncomingMessage[] = [];
  for (const [key, queue] of queues) {
    const first = queue.shift();
    if (first) firsts.push(first);
    if (queue.length === 0) queues.delete(key);
  }
  return firsts;
}
