import { type Notifier, SHARDS } from '../events/append';
import { openSideConnection, type SideConnectionOptions } from '../platform/database/side-connection';
import { wait } from '../platform/timing';

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

/** How a notifier or a listener connects: with a session of PostgreSQL, past any transaction pooler. */
export type NotifierOptions = Omit<SideConnectionOptions, 'onOpen'>;

/** Commits within this time share one notification. */
const NOTIFIER_DEBOUNCE_MS = 5;

/**
 * Notifies the relays of committed rows over a connection that it keeps. NOTIFY in the writing transactions would make
 * them queue for a lock of the whole database at their commit
 * (https://www.postgresql.org/docs/18/sql-notify.html: it is held until the commit is written).
 *
 * At most one notification is on its way. Rows that are committed meanwhile share the next one.
 */
export function createNotifier(options: NotifierOptions): Notifier & { close(): Promise<void> } {
  const connection = openSideConnection({
    ...options,
    // A notification need not survive a crash, so it does not wait for the disk.
    onOpen: async (client) => void (await client.query('SET synchronous_commit = off')),
  });
  const unsent = new Set<number>();
  let isBusy = false;

  const flush = async (): Promise<void> => {
    const shards = toPayload(unsent);
    unsent.clear();
    await connection
      .current()
      ?.query({ name: 'notify', text: 'SELECT pg_notify($1, $2)', values: [CHANNEL, shards] })
      .catch(() => undefined);
    isBusy = false;
    if (unsent.size > 0) debounce();
  };

  const debounce = (): void => {
    isBusy = true;
    setTimeout(() => void flush(), NOTIFIER_DEBOUNCE_MS).unref();
  };

  return {
    appended(shards) {
      for (const shard of shards) unsent.add(shard);
      if (!isBusy && unsent.size > 0) debounce();
    },
    close: () => connection.close(),
  };
}

/** Receives notifications for all relays of a process. */
export interface Listener {
  /** Creates the wake-up of the relay that owns these shards. */
  wakeUpFor(shards: readonly number[]): WakeUp;
  close(): Promise<void>;
}

/** Before each round, so that rows share it: a round costs two queries and a request to Kafka. */
const LISTENER_DEBOUNCE_MS = 10;

/** Listens for notifications of new rows over one connection. */
export function createListener(options: NotifierOptions): Listener {
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
          await wait(Math.min(ms, LISTENER_DEBOUNCE_MS), signal);
          // By hand: each AbortSignal.any leaves something behind at a signal that lives for long.
          const ended = new AbortController();
          const end = (): void => ended.abort();
          const look = (): void => {
            if (signal.aborted || count() !== seen) end();
          };
          waiting.add(look);
          signal.addEventListener('abort', end);
          look();
          await wait(ms - LISTENER_DEBOUNCE_MS, ended.signal);
          signal.removeEventListener('abort', end);
          waiting.delete(look);
          seen = count();
        },
      };
    },
    close: () => connection.close(),
  };
}
