import type { Queryable } from '../platform/database/queryable';
import type { Logger } from '../platform/telemetry/logger';
import { createMemory } from './memory';

/** Keeps `last_used_at` of API keys. */
export interface KeyUse {
  /** Notes a use; it is written later, beside the request. */
  note(keyId: string): void;
  /** Writes what is noted. */
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
const FLUSH_MS = 1_000;
const KEYS_REMEMBERED = 10_000;

/**
 * Writes at most once per key and minute, for all processes together, in one statement per second for all keys. A key
 * whose row is locked, and a failed write, are left to the next use: a request neither waits nor fails.
 *
 * @param database not the pool that requests wait for
 */
export function createKeyUse(database: Pick<Queryable, '$executeRawUnsafe'>, logger: Logger): KeyUse {
  const recent = createMemory<true>(KEYS_REMEMBERED, MINUTE_MS);
  let noted = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const keyIds = [...noted];
    noted = new Set();
    if (keyIds.length === 0) return;
    try {
      await database.$executeRawUnsafe(
        `UPDATE api_key SET last_used_at = now() WHERE key_id IN (
           SELECT key_id FROM api_key
           WHERE key_id = ANY($1::text[]) AND (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute')
           FOR NO KEY UPDATE SKIP LOCKED)`,
        keyIds,
      );
    } catch (error) {
      for (const keyId of keyIds) recent.forget(keyId);
      logger.debug({ err: error }, 'key_use.write_failed');
    }
  }

  return {
    note(keyId) {
      if (recent.get(keyId)) return;
      recent.keep(keyId, true);
      noted.add(keyId);
      timer ??= setTimeout(() => void flush(), FLUSH_MS).unref();
    },
    close: flush,
  };
}
