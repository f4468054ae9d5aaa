import { wait } from '../../platform/wait';
import type { EachBatchPayload } from '../kafka';
import { createPartitionWork, type PartitionWork, type PartitionWorkOptions } from './partition-work';

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
