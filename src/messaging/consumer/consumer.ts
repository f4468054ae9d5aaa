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

/** What one purpose consumes: declared by its slice, run by {@link startConsumer}. */
export interface ConsumerDefinition {
  /** Kafka consumer group, and the scope of its once-keys: `provisioning`, `sales-projection`. */
  readonly group: string;
  readonly topics: readonly string[];
  /** The command an event becomes; `undefined` for an event this group does not handle. Pure. */
  readonly toCommand: (event: ReceivedEvent) => Message | undefined;
}

export interface ConsumerOptions extends ApplyInOrderOptions {
  readonly kafka: Kafka;
  /** Partitions whose messages are applied at the same time, each by one connection. Defaults to 3. */
  readonly partitionsAtOnce?: number;
  /** Called when it has stopped by a fault of its own: the process must end, to be restarted. */
  readonly onFatal: (error: unknown) => void;
}

export interface RunningConsumer {
  /** Finishes the messages in hand, commits, and leaves the group. */
  stop(): Promise<void>;
}

const PARTITIONS_AT_ONCE = 3;
const CONNECT_BACKOFF = { initialMs: 500, maxMs: 5_000 };

/**
 * Runs one consumer group: each event has its effect once, in the order of its key, and a message that
 * cannot be applied is kept as a dead letter while other keys go on. Offsets are committed only after
 * the effect, or the dead letter, is stored. Begins with the topic's first message.
 *
 * Kafka or Postgres being away is waited out, also at the start. What kafkajs cannot read stops this group alone,
 * which `/health` then tells, and is tried again.
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

/** Joins the group, again when kafkajs has given up. In the group, kafkajs reconnects by itself. */
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
