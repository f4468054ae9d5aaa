import type { Logger } from '../../platform/telemetry/logger';
import { openSideConnection } from '../../platform/database/side-connection';
import { wait } from '../../platform/wait';
import { LANES } from '../lane';
import { CHANNEL, fromPayload, type WakeUp } from './wake-up';

export interface ListenerOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly logger: Logger;
}

export interface Listener {
  /** For the relay of these lanes. */
  wakeUpFor(lanes: readonly number[]): WakeUp;
  close(): Promise<void>;
}

/** Before a round, also when hints follow each other: a round costs two queries and a request, so rows share it. */
const GATHER_MS = 10;

/** Hears of new rows, for all relays of the process, over one connection. */
export function createListener(options: ListenerOptions): Listener {
  const hints = new Array<number>(LANES).fill(0);
  const waiting = new Set<() => void>();
  const connection = openSideConnection({
    ...options,
    async onOpen(client) {
      client.on('notification', ({ payload = '' }) => {
        for (const lane of fromPayload(payload)) hints[lane] = (hints[lane] ?? 0) + 1;
        for (const look of waiting) look();
      });
      await client.query(`LISTEN ${CHANNEL}`);
    },
  });

  return {
    wakeUpFor(lanes) {
      const count = (): number => lanes.reduce((sum, lane) => sum + (hints[lane] ?? 0), 0);
      let seen = count();
      return {
        async wait(ms, signal) {
          await wait(Math.min(ms, GATHER_MS), signal);
          // By hand: each AbortSignal.any leaves something behind at a signal that lives for long.
          const ended = new AbortController();
          const end = (): void => ended.abort();
          const look = (): void => {
            if (signal.aborted || count() !== seen) end();
          };
          waiting.add(look);
          signal.addEventListener('abort', end);
          look();
          await wait(ms - GATHER_MS, ended.signal);
          signal.removeEventListener('abort', end);
          waiting.delete(look);
          seen = count();
        },
      };
    },
    close: () => connection.close(),
  };
}
