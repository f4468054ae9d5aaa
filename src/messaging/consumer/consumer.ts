import type { Message } from '../../mediator/message';
import { createBackoff } from '../../platform/backoff';
import { wait } from '../../platform/wait';
import { failureReason } from './apply-failure';
import type { ApplyInOrderOptions } from './apply-in-order';
import { createConsumeBatch } from './consume-batch';
import { drainDeadLetters } from './drain-dead-letters';
import type { Kafka } from '../kafka';
import { watchGroup } from './group-crashes';
import type { ReceivedEvent } from './received-event';
import { reportStalls, type Stalls } from './stalls';

/** The consumer of one purpose. Its module declares it, {@link startConsumer} runs it. */
export interface ConsumerDefinition {
  /** The Kafka consumer group and the scope of its idempotency keys, such as `sales-projection`. */
  readonly group: string;
  readonly topics: readonly string[];
  /** Returns the command for an event; `undefined` for an event that this group does not handle. Pure. */
  readonly toCommand: (event: ReceivedEvent) => Message | undefined;
}

/** What a consumer needs. */
export interface ConsumerOptions extends ApplyInOrderOptions {
  readonly kafka: Kafka;
  /** Partitions whose messages are applied at the same time, each with one connection. Defaults to 3. */
  readonly partitionsAtOnce?: number;
  /** Called when the consumer has stopped by a fault in the code. The process must end, to be restarted. */
  readonly onFatal: (error: unknown) => void;
}

/** A consumer that runs. */
export interface RunningConsumer {
  /** Finishes the messages in hand, commits their offsets and leaves the group. */
  stop(): Promise<void>;
}

const PARTITIONS_AT_ONCE = 3;
const CONNECT_BACKOFF = { initialMs: 500, maxMs: 5_000 };

/**
 * Runs one consumer group from the first message of its topics. Each event has its effect once, in the order of its
 * key. A message that cannot be applied becomes a dead letter, and other keys go on. Offsets are committed after the
 * effect or the dead letter is stored.
 *
 * An outage of Kafka or Postgres is waited out, also at the start. A batch that kafkajs cannot read stops this group
 * alone; it is tried again, and `/health` reports it.
 */
export function startConsumer(options: ConsumerOptions): RunningConsumer {
  const stopping = new AbortController();
  const { signal } = stopping;
  const { definition, database, logger } = options;
  const { stalls, ended: reported } = reportStalls({ database, group: definition.group, logger, signal });
  const consuming = consume({ ...options, stalls, signal });
  consuming.catch(options.onFatal);
  const draining = drainDeadLetters({ ...options, signal });
  draining.catch(options.onFatal);

  return {
    async stop() {
      stopping.abort();
      await Promise.all([consuming.catch(() => undefined), draining, reported]);
    },
  };
}

interface ConsumeOptions extends ConsumerOptions {
  readonly stalls: Stalls;
  readonly signal: AbortSignal;
}

/** Joins the group, and joins again each time kafkajs has given up. In the group kafkajs reconnects by itself. */
async function consume(options: ConsumeOptions): Promise<void> {
  const { kafka, definition, config, logger, stalls, signal, partitionsAtOnce = PARTITIONS_AT_ONCE } = options;
  const { group, topics } = definition;
  const backoff = createBackoff(CONNECT_BACKOFF);
  const crashes = watchGroup({ group, stalls, logger, onRecovered: () => backoff.reset() });
  const consumeBatch = createConsumeBatch(options);

  while (!signal.aborted) {
    const consumer = kafka.createConsumer({ groupId: group, sessionTimeoutMs: config.sessionTimeoutMs });
    const stopped = crashes.watch(consumer);
    consumer.on('consumer.group_join', ({ payload }) => {
      stalls.clearPartitions();
      logger.info({ group, partitions: payload.memberAssignment }, 'consumer.joined');
    });
    let reason: unknown;
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: partitionsAtOnce,
        eachBatch: consumeBatch,
      });
      reason = await Promise.race([stopped, whenAborted(signal)]);
    } catch (error) {
      reason = error;
    }
    await consumer.disconnect().catch(() => undefined);
    if (signal.aborted) return;
    const wait_ms = backoff.next();
    logger.warn({ reason: failureReason(reason), group, topics, wait_ms }, 'consumer.join_delayed');
    await wait(wait_ms, signal);
  }
}

const whenAborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
