import { createBackoff, wait } from '../platform/timing';
import type { ApplyInOrderOptions } from './apply';
import { failureReason } from './apply-failure';
import type { EachBatchPayload, Kafka } from './client';
import { drainDeadLetters } from './drain-dead-letters';
import { createPartitionWork, type PartitionWork, type PartitionWorkOptions, watchGroup } from './partition-work';
import { reportStalls, type Stalls } from './stalls';

/** What consuming batches needs. */
export interface ConsumeBatchOptions extends PartitionWorkOptions {
  readonly signal: AbortSignal;
}

/**
 * Creates kafkajs's `eachBatch`. It applies a batch part by part and commits the offset after each. A part that cannot
 * be applied now pauses its partition, uncommitted. A wait in place would also stop the other partitions of the broker,
 * because kafkajs fetches no more from it meanwhile.
 */
export function createConsumeBatch(options: ConsumeBatchOptions) {
  const { config, signal } = options;
  const works = new Map<string, PartitionWork>();
  const createWork = createPartitionWork(options);

  const workOn = (topic: string, partition: number): PartitionWork => {
    const place = `${topic}/${partition}`;
    let work = works.get(place);
    if (!work) works.set(place, (work = createWork(topic, partition)));
    return work;
  };

  return async function consumeBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, commitOffsetsIfNecessary, isRunning, isStale, pause } = payload;
    const { topic, partition, messages } = batch;
    const work = workOn(topic, partition);
    const pulse = keepAlive(heartbeat, config.sessionTimeoutMs / 6);
    const isLost = (): boolean => signal.aborted || pulse.failed() || !isRunning() || isStale();
    try {
      let from = 0;
      while (from < messages.length && !isLost()) {
        const part = messages.slice(from, from + work.sizeFrom(messages[from]));
        const outcome = await work.apply(part);
        if (outcome === 'again') continue;
        if (outcome !== 'done') {
          void wait(outcome.laterMs, signal).then(pause());
          return;
        }
        from += part.length;
        const last = part.at(-1);
        if (!last) return;
        resolveOffset(last.offset);
        const offset = String(BigInt(last.offset) + 1n);
        await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
      }
    } finally {
      pulse.stop();
    }
    pulse.rethrow();
  };
}

/**
 * Sends heartbeats while messages are applied. kafkajs handles a failure, such as a rebalance of the group, after the
 * messages in hand.
 */
function keepAlive(heartbeat: () => Promise<void>, everyMs: number) {
  let failure: { error: unknown } | undefined;
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      failure = { error };
    });
  }, everyMs);
  return {
    failed: () => failure !== undefined,
    stop: () => clearInterval(timer),
    rethrow() {
      if (failure) throw failure.error;
    },
  };
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
