import type { Logger } from '../../platform/telemetry/logger';
import { openSideConnection } from '../../platform/database/side-connection';
import { wait } from '../../platform/wait';
import { SHARDS } from '../shard';
import { CHANNEL, fromPayload, type WakeUp } from './wake-up';

/** How the listener connects. */
export interface ListenerOptions {
  /** A session of PostgreSQL, past any transaction pooler. */
  readonly url: string;
  readonly applicationName: string;
  readonly logger: Logger;
}

/** Receives notifications for all relays of a process. */
export interface Listener {
  /** Creates the wake-up of the relay that owns these shards. */
  wakeUpFor(shards: readonly number[]): WakeUp;
  close(): Promise<void>;
}

/** Before each round, so that rows share it: a round costs two queries and a request to Kafka. */
const DEBOUNCE_MS = 10;

/** Listens for notifications of new rows over one connection. */
export function createListener(options: ListenerOptions): Listener {
  /** By shard, how many have arrived. */
  const notifications = new Array<number>(SHARDS).fill(0);
  const waiting = new Set<() => void>();
  const connection = openSideConnection({
    ...options,
    async onOpen(client) {
      client.on('notification', ({ payload = '' }) => {
        for (const shard of fromPayload(payload)) notifications[shard] = (notifications[shard] ?? 0) + 1;
        for (const look of waiting) look();
      });
      await client.query(`LISTEN ${CHANNEL}`);
    },
  });

  return {
    wakeUpFor(shards) {
      const count = (): number => shards.reduce((sum, shard) => sum + (notifications[shard] ?? 0), 0);
      let seen = count();
      return {
        async wait(ms, signal) {
          await wait(Math.min(ms, DEBOUNCE_MS), signal);
          // By hand: each AbortSignal.any leaves something behind at a signal that lives for long.
          const ended = new AbortController();
          const end = (): void => ended.abort();
          const look = (): void => {
            if (signal.aborted || count() !== seen) end();
          };
          waiting.add(look);
          signal.addEventListener('abort', end);
          look();
          await wait(ms - DEBOUNCE_MS, ended.signal);
          signal.removeEventListener('abort', end);
          waiting.delete(look);
          seen = count();
        },
      };
    },
    close: () => connection.close(),
  };
}
