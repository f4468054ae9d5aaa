import type { ConsumerConfig } from '../../consumer-config';
import type { Database } from '../../platform/database/database';
import { groupBy } from '../../platform/group-by';
import type { Logger } from '../../platform/telemetry/logger';
import { failureReason, retryAfter } from './apply-failure';
import { type ApplyFailure, createApply, type ApplyOptions } from './apply-messages';
import { findEarlierLetters, type NewDeadLetter, storeDeadLetters } from './dead-letter.sql';
import { type IncomingMessage, shortKey, sourceOf } from './incoming-message';
import { KeyQueueFull } from './key-queue-full';

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
