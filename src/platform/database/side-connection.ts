import type { Client } from 'pg';
import type { Logger } from '../logger';
import { createBackoff, wait } from '../timing';
import { Connection, watch } from './connection';
import { sessionConfig } from './session';

/** The options of {@link openSideConnection}. */
export interface SideConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly logger: Logger;
  /** Runs on each new connection before the connection counts as open. */
  readonly onOpen?: (client: Client) => Promise<void>;
}

/** A connection beside the pool. */
export interface SideConnection {
  /** Returns the open connection, or `undefined` while PostgreSQL is away. */
  current(): Client | undefined;
  close(): Promise<void>;
}

const BACKOFF = { initialMs: 100, maxMs: 5_000 };
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * Opens one connection beside the pool, for LISTEN and NOTIFY. It reconnects after any outage. Notifications of that
 * time are lost, so nothing may depend on them.
 */
export function openSideConnection(options: SideConnectionOptions): SideConnection {
  const { url, applicationName, logger, onOpen } = options;
  const closing = new AbortController();
  let open: Client | undefined;

  const connect = async (): Promise<Client> => {
    const client = new Connection({ ...sessionConfig({ url, applicationName }), query_timeout: ANSWER_TIMEOUT_MS });
    try {
      await client.connect();
      await onOpen?.(client);
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  };

  const keepOpen = async (): Promise<void> => {
    const backoff = createBackoff(BACKOFF);
    while (!closing.signal.aborted) {
      try {
        const client = await connect();
        backoff.reset();
        open = client;
        const ended = new AbortController();
        client.once('end', () => ended.abort());
        await watch(client, AbortSignal.any([closing.signal, ended.signal]));
        open = undefined;
        await client.end().catch(() => undefined);
      } catch (error) {
        logger.debug({ err: error, application_name: applicationName }, 'database.side_connection_waits');
        await wait(backoff.next(), closing.signal);
      }
    }
  };
  const ended = keepOpen();

  return {
    current: () => open,
    async close() {
      closing.abort();
      await ended;
    },
  };
}
