import { wait } from '../../platform/wait';

/** How an idle relay waits for new rows. */
export interface WakeUp {
  /**
   * Resolves after `ms`, or sooner when a notification arrives or the signal aborts. A notification that arrives while
   * the relay works ends its next wait. Notifications may be lost, so the relay looks for rows after each wait.
   */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Waits for the poll interval alone, without notifications. */
export const pollOnly: WakeUp = { wait };

/** The channel of LISTEN and NOTIFY. A payload is the list of shards: `3,7`. */
export const CHANNEL = 'paysaga_outbox';

/** Writes the payload of a notification. */
export const toPayload = (shards: Iterable<number>): string => [...shards].join(',');

/** Reads the payload of a notification. */
export const fromPayload = (payload: string): number[] => payload.split(',').map(Number);
