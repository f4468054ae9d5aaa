import type { Logger } from '../../platform/telemetry/logger';
import { openSideConnection } from '../../platform/database/side-connection';
import { CHANNEL, type Notifier, toPayload } from './wake-up';

export interface NotifierOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly logger: Logger;
}

/** Commits within this time share one notification. */
const GATHER_MS = 5;

/**
 * Tells the relays of committed rows, over a connection of its own: NOTIFY in the writing transactions
 * would make them queue for a lock of the whole database at their commit
 * (https://www.postgresql.org/docs/18/sql-notify.html: it is held until the commit is written).
 * At most one notification is on its way; what comes meanwhile shares the next.
 */
export function createNotifier(options: NotifierOptions): Notifier & { close(): Promise<void> } {
  const connection = openSideConnection({
    ...options,
    // A hint need not survive a crash, so nobody waits for the disk.
    onOpen: async (client) => void (await client.query('SET synchronous_commit = off')),
  });
  const told = new Set<number>();
  let gathering = false;

  const flush = async (): Promise<void> => {
    const lanes = toPayload(told);
    told.clear();
    await connection
      .current()
      ?.query({ name: 'notify', text: 'SELECT pg_notify($1, $2)', values: [CHANNEL, lanes] })
      .catch(() => undefined);
    gathering = false;
    if (told.size > 0) gather();
  };

  const gather = (): void => {
    gathering = true;
    setTimeout(() => void flush(), GATHER_MS).unref();
  };

  return {
    appended(lanes) {
      for (const lane of lanes) told.add(lane);
      if (!gathering && told.size > 0) gather();
    },
    close: () => connection.close(),
  };
}
