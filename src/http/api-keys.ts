import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal, Role } from '../cqrs/message';
import type { Database } from '../platform/database/database';
import type { Queryable } from '../platform/database/statements';
import type { Logger } from '../platform/logger';
import { gatherLookUps } from '../platform/shared-work';
import { nowMs } from '../platform/timing';
import { newId } from '../platform/values';
import { createMemory } from './limit-sends';

/** The credentials of a new key. */
export interface Credentials {
  readonly keyId: string;
  /** `<key id>.<secret>`, as a client sends it. */
  readonly key: string;
  /** The stored form of the key. */
  readonly hash: string;
}

/** Returns the stored form of a key. A slow hash is not necessary, because 256 random bits cannot be guessed. */
export const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url');

/** Creates the credentials of a new key. Commands contain only the hash, never the secret. */
export function newCredentials(): Credentials {
  const keyId = newId('key');
  const key = `${keyId}.${randomBytes(32).toString('base64url')}`;
  return { keyId, key, hash: hashOf(key) };
}

/** The owner of a new key. */
export type NewApiKey =
  { readonly role: 'customer'; readonly customerId: string } | { readonly role: Exclude<Role, 'customer'> };

/** Resolves a bearer token to its principal, or to `undefined` for an unknown, expired or revoked key. */
export type Authenticate = (token: string) => Promise<Principal | undefined>;

/**
 * Adds a key to the database, for the local stack and tests. Operators send the command `CreateKey`, which is audited.
 */
export async function createApiKey(database: Database, newKey: NewApiKey): Promise<{ keyId: string; key: string }> {
  const { keyId, key, hash } = newCredentials();
  const customer_id = newKey.role === 'customer' ? newKey.customerId : null;
  await database.apiKey.create({ data: { key_id: keyId, hash, role: newKey.role, customer_id } });
  return { keyId, key };
}

interface StoredKey {
  readonly hash: string;
  readonly principal: Principal;
}

/** How long a process can accept a key after its revocation. */
const KNOWN_MS = 5_000;
const KNOWN_KEYS = 10_000;
/** How long a process can refuse a new key that was used before its creation. */
const UNKNOWN_MS = 1_000;
const UNKNOWN_KEYS = 1_000;
/** The most keys of one query. There is one query at a time. */
const KEYS_AT_ONCE = 500;

/**
 * Creates the look-up of keys, with a cache of 5 seconds. Unknown keys have a separate cache and all look-ups share one
 * query at a time, so a flood of unknown keys slows no request.
 *
 * @param noteUse called with the id of each accepted key; see {@link createKeyUse}. Defaults to a no-op
 */
export function createAuthenticate(
  database: Database,
  noteUse: (keyId: string) => void = () => undefined,
): Authenticate {
  const known = createMemory<StoredKey>(KNOWN_KEYS, KNOWN_MS);
  const unknown = createMemory<true>(UNKNOWN_KEYS, UNKNOWN_MS);

  const find = gatherLookUps(async (keyIds) => {
    const rows = await database.apiKey.findMany({ where: { key_id: { in: [...keyIds] }, revoked_at: null } });
    return new Map(rows.map((row) => [row.key_id, row]));
  }, KEYS_AT_ONCE);

  const lookUp = async (keyId: string): Promise<StoredKey | undefined> => {
    const began = performance.now();
    const row = await find(keyId);
    const leftMs = row?.expires_at ? row.expires_at.getTime() - nowMs() : Infinity;
    if (!row || leftMs <= 0) {
      unknown.keep(keyId, true);
      return undefined;
    }
    const stored = { hash: row.hash, principal: principalOf(keyId, row.role, row.customer_id) };
    // The key may have been revoked right after the query read it, so the time of the query counts.
    known.keep(keyId, stored, Math.min(KNOWN_MS - (performance.now() - began), leftMs));
    return stored;
  };

  return async function authenticate(token) {
    const keyId = /^(key_[0-9a-f]{32})\.[\w-]{43}$/.exec(token)?.[1];
    if (keyId === undefined) return undefined;
    const stored = known.get(keyId) ?? (unknown.get(keyId) ? undefined : await lookUp(keyId));
    if (!stored || !timingSafeEqual(Buffer.from(stored.hash), Buffer.from(hashOf(token)))) return undefined;
    noteUse(keyId);
    return stored.principal;
  };
}

function principalOf(keyId: string, role: string, customerId: string | null): Principal {
  if (role === 'service' || role === 'operator') return { role, keyId };
  if (role === 'customer' && customerId !== null) return { role, keyId, customerId };
  throw new Error(`API key ${keyId} has the unknown role ${role}.`);
}

/** Maintains `last_used_at` of API keys. */
export interface KeyUse {
  /** Notes a use, which is written later. The request does not wait for it. */
  note(keyId: string): void;
  /** Writes the noted uses. */
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
const FLUSH_MS = 1_000;
const KEYS_REMEMBERED = 10_000;

/**
 * Creates a {@link KeyUse} that writes once per second, and each key at most once per minute across all processes.
 * Locked rows and failed writes are left to the next use.
 *
 * @param database a pool apart from that of requests
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
