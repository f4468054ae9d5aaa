import { databaseFault, isDatabaseTransient } from '../platform/database/database-error';
import type { Logger } from '../platform/logger';
import { createBackoff } from '../platform/timing';
import { type ApplyInOrderOptions, createApplyInOrder } from './apply';
import { failureLine, failureReason, KeyQueueFull, storeWhatCanBeKept } from './apply-failure';
import type { Consumer, KafkaMessage } from './client';
import { type IncomingMessage, incomingMessage, shortKey, sourceOf } from './received-event';
import type { Stalls } from './stalls';

/** What the work on a partition needs. */
export interface PartitionWorkOptions extends ApplyInOrderOptions {
  readonly stalls: Stalls;
}

/**
 * The outcome of a part.
 *
 * - `done`: each message has had its effect or is a dead letter, so the offset may be committed.
 * - `again`: the messages are to be given again, in parts of {@link PartitionWork.sizeFrom}.
 * - otherwise they are to be given again after `laterMs`.
 */
export type Outcome = 'done' | 'again' | { readonly laterMs: number };

/** Applies the messages of one partition. */
export interface PartitionWork {
  /** Returns how many messages to apply together from this one on. */
  sizeFrom(message: KafkaMessage | undefined): number;
  apply(messages: readonly KafkaMessage[]): Promise<Outcome>;
}

/** Messages between two commits of the offset, which is the most that a killed consumer gets again. */
const MESSAGES_PER_COMMIT = 100;
const BACKOFF = { initialMs: 200, maxMs: 5_000 };
/** Attempts at a single message with an error that is neither an outage nor caused by the message. */
const TRIES = 5;

/**
 * Creates the work on partitions. An outage or contention of the database is waited out. Any other error belongs to one
 * message: it is found by applying one by one, tried a few times, and becomes a dead letter. A message that cannot be
 * stored either stalls its partition, and `/health` reports it.
 */
export function createPartitionWork(options: PartitionWorkOptions) {
  const { definition, database, logger, metrics, stalls } = options;
  const { group } = definition;
  const applyInOrder = createApplyInOrder(options);

  return function workOn(topic: string, partition: number): PartitionWork {
    const place = `${topic}/${partition}`;
    const backoff = createBackoff(BACKOFF);
    let oneByOneUpTo = -1n;
    let failed = { offset: '', tries: 0 };

    const done = (): Outcome => {
      backoff.reset();
      stalls.clear(place);
      return 'done';
    };

    const later = (error: unknown): Outcome => {
      const laterMs = backoff.next();
      const line = { ...failureLine(error), group, topic, partition, wait_ms: laterMs };
      logger.warn(line, isDatabaseTransient(error) ? 'consumer.apply_delayed' : 'consumer.apply_failed');
      return { laterMs };
    };

    const stall = (message: IncomingMessage, error: unknown): Outcome => {
      const laterMs = backoff.next();
      const reason = failureReason(error);
      stalls.set(place, `offset ${message.offset} cannot be applied or kept: ${reason}`);
      logger.error({ err: error, group, source: sourceOf(message), wait_ms: laterMs }, 'consumer.partition_stalled');
      return { laterMs };
    };

    const storeDead = async (message: IncomingMessage, error: unknown): Promise<Outcome> => {
      const reason = failureReason(error);
      try {
        await storeWhatCanBeKept(database, group, message, reason);
      } catch (refusal) {
        return isDatabaseTransient(refusal) ? later(refusal) : stall(message, refusal);
      }
      const line = { group, source: sourceOf(message), key: shortKey(message.key), reason };
      logger.error(line, 'consumer.message_dead_lettered');
      metrics?.deadLetters(group, topic, 'dead');
      return done();
    };

    return {
      sizeFrom: (message) => (message && BigInt(message.offset) <= oneByOneUpTo ? 1 : MESSAGES_PER_COMMIT),

      async apply(messages) {
        const [first] = messages;
        const last = messages.at(-1);
        if (!first || !last) return 'done';
        const incoming = messages.map((message) => incomingMessage(topic, partition, message));
        try {
          await applyInOrder(topic, incoming);
          return done();
        } catch (error) {
          if (isDatabaseTransient(error)) return later(error);
          if (error instanceof KeyQueueFull && messages.length === 1) {
            return stall(incomingMessage(topic, partition, first), error);
          }
          if (messages.length > 1) {
            oneByOneUpTo = BigInt(last.offset);
            return 'again';
          }
          const { offset } = first;
          failed = { offset, tries: failed.offset === offset ? failed.tries + 1 : 1 };
          if (failed.tries < TRIES && databaseFault(error) !== 'value') return later(error);
          return storeDead(incomingMessage(topic, partition, first), error);
        }
      },
    };
  };
}

/** Follows the crashes of one group. */
export interface GroupCrashes {
  /** Listens to a consumer of the group. Resolves with the error after kafkajs has given up. */
  watch(consumer: Consumer): Promise<Error>;
}

/** What following a group needs. */
export interface GroupCrashesOptions {
  readonly group: string;
  readonly stalls: Stalls;
  readonly logger: Logger;
  /** Called when the group has fetched for a while without a crash. */
  readonly onRecovered: () => void;
  /** Defaults to 10 s. */
  readonly recoveredAfterMs?: number;
}

const RECOVERED_AFTER_MS = 10_000;
/** The longest reason in `/health`. */
const REASON_LENGTH = 500;

/**
 * Reports a group as stalled while kafkajs cannot go on: an unknown codec, a corrupt batch, a group that it may not
 * join. The report is withdrawn when the group has fetched for a while without a crash. A single restart by kafkajs is
 * not reported, because each outage of a broker causes one.
 */
export function watchGroup(options: GroupCrashesOptions): GroupCrashes {
  const { group, stalls, logger, onRecovered, recoveredAfterMs = RECOVERED_AFTER_MS } = options;
  let crashes = 0;
  let fetchesSince: number | undefined;
  let isLogged = false;

  return {
    watch: (consumer) =>
      new Promise((stopped) => {
        consumer.on('consumer.fetch', () => {
          if (crashes === 0) return;
          fetchesSince ??= performance.now();
          if (performance.now() - fetchesSince < recoveredAfterMs) return;
          crashes = 0;
          stalls.clear('');
          logger[isLogged ? 'info' : 'debug']({ group }, 'consumer.recovered');
          isLogged = false;
          onRecovered();
        });
        consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
          crashes += 1;
          fetchesSince = undefined;
          if (!restart || crashes > 1) stalls.set('', failureReason(error).slice(0, REASON_LENGTH));
          if (!restart) return stopped(error);
          const isUsual = crashes === 1 && isCoordinatorLoading(error);
          isLogged ||= !isUsual;
          logger[isUsual ? 'debug' : 'warn']({ group, reason: error.message }, 'consumer.restarted');
        });
      }),
  };
}

/** A broker that has just started reads its groups first. */
const isCoordinatorLoading = (error: Error): boolean => 'type' in error && error.type === 'GROUP_LOAD_IN_PROGRESS';
