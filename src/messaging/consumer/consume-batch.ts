import { wait } from '../../platform/wait';
import type { EachBatchPayload } from '../kafka';
import { createPartitionWork, type PartitionWork, type PartitionWorkOptions } from './partition-work';

export interface ConsumeBatchOptions extends PartitionWorkOptions {
  readonly signal: AbortSignal;
}

/**
 * kafkajs's `eachBatch`: applies a part, commits its offset, takes the next one. What cannot be applied now pauses
 * its partition for a while, uncommitted. It does not wait here: kafkajs fetches nothing more from a broker while a
 * batch of it is in hand, so all its other partitions would wait too.
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
 * Heartbeats while messages are applied, however long that takes. A failure (the group is rebalancing)
 * is for kafkajs to handle, once the messages in hand are done.
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
