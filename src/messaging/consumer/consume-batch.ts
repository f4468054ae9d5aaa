import { createBackoff } from '../../platform/backoff';
import { wait } from '../../platform/wait';
import { failureLine } from './apply-failure';
import { type ApplyInOrderOptions, createApplyInOrder } from './apply-in-order';
import { incomingMessage } from './incoming-message';
import type { EachBatchPayload, KafkaMessage } from '../kafka';

export interface ConsumeBatchOptions extends ApplyInOrderOptions {
  readonly signal: AbortSignal;
}

/** Messages between two commits of the offset: what a killed consumer gets again, at most. */
const MESSAGES_PER_COMMIT = 100;
const BACKOFF = { initialMs: 200, maxMs: 5_000 };

/**
 * kafkajs's `eachBatch`: applies a part, commits its offset, takes the next one. While the database is
 * away it waits in the group, without committing.
 */
export function createConsumeBatch(options: ConsumeBatchOptions) {
  const { definition, config, logger, signal } = options;
  const applyInOrder = createApplyInOrder(options);

  /** @returns `false` when it was stopped before the messages were applied */
  const applyOrWait = async ({ batch }: EachBatchPayload, messages: readonly KafkaMessage[], isLost: () => boolean) => {
    const { topic, partition } = batch;
    const backoff = createBackoff(BACKOFF);
    const incoming = messages.map((message) => incomingMessage(topic, partition, message));
    while (!isLost()) {
      try {
        await applyInOrder(topic, incoming);
        return true;
      } catch (error) {
        const wait_ms = backoff.next();
        logger.warn(
          { ...failureLine(error), group: definition.group, topic, partition, wait_ms },
          'consumer.waits_for_database',
        );
        await wait(wait_ms, signal);
      }
    }
    return false;
  };

  return async function consumeBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, commitOffsetsIfNecessary, isRunning, isStale } = payload;
    const { topic, partition, messages } = batch;
    const pulse = keepAlive(heartbeat, config.sessionTimeoutMs / 6);
    const isLost = (): boolean => signal.aborted || pulse.failed() || !isRunning() || isStale();
    try {
      for (let from = 0; from < messages.length && !isLost(); from += MESSAGES_PER_COMMIT) {
        const part = messages.slice(from, from + MESSAGES_PER_COMMIT);
        const last = part.at(-1);
        if (!last || !(await applyOrWait(payload, part, isLost))) return;
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
