import type { Logger } from '../../platform/telemetry/logger';
import { openSideConnection } from '../../platform/database/side-connection';
import { CHANNEL, toPayload } from './wake-up';
import type { Notifier } from '../append';

/** How the notifier connects. */
export interface NotifierOptions {
  /** A session of PostgreSQL, past any transaction pooler. */
  readonly url: string;
  readonly applicationName: string;
  readonly logger: Logger;
}

/** Commits within this time share one notification. */
const DEBOUNCE_MS = 5;

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
    setTimeout(() => void flush(), DEBOUNCE_MS).unref();
  };

  return {
    appended(shards) {
      for (const shard of shards) unsent.add(shard);
      if (!isBusy && unsent.size > 0) debounce();
    },
    close: () => connection.close(),
  };
}
