import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal, Role } from '../mediator/message';
import type { Database } from '../platform/database/database';
import { gatherLookUps } from '../platform/gather-look-ups';
import { newId } from '../platform/ids';

export type NewApiKey =
  { readonly role: 'customer'; readonly customerId: string } | { readonly role: Exclude<Role, 'customer'> };

/** The principal of a bearer token; `undefined` when it is none of ours, or revoked. */
export type Authenticate = (token: string) => Promise<Principal | undefined>;

/** 256 random bits need no slow hash: nobody guesses them. */
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** Makes a key, `<key id>.<secret>`. Only its hash is stored: this is the one time it is readable. */
export async function createApiKey(database: Database, newKey: NewApiKey): Promise<{ keyId: string; key: string }> {
  const keyId = newId('key');
  const key = `${keyId}.${randomBytes(32).toString('base64url')}`;
  const customer_id = newKey.role === 'customer' ? newKey.customerId : null;
  await database.apiKey.create({ data: { key_id: keyId, hash: hashOf(key), role: newKey.role, customer_id } });
  return { keyId, key };
}

interface StoredKey {
  readonly hash: string;
  readonly principal: Principal;
}

/** A revoked key works for this long at most. */
const KNOWN_MS = 5_000;
const KNOWN_KEYS = 10_000;
/** A key that was tried before it was made is refused for this long at most. */
const UNKNOWN_MS = 1_000;
const UNKNOWN_KEYS = 1_000;
/** In one query; there is one query at a time. */
const KEYS_AT_ONCE = 500;

/**
 * Looks keys up by their id, through a short memory, and compares hashes in constant time. Keys that are none of ours
 * have a memory of their own, and however many come, they are one query at a time: they neither push good keys out
 * nor take the connections of requests.
 */
export function createAuthenticate(database: Database): Authenticate {
  const known = createMemory<StoredKey>(KNOWN_KEYS, KNOWN_MS);
  const unknown = createMemory<true>(UNKNOWN_KEYS, UNKNOWN_MS);

  const find = gatherLookUps(async (keyIds) => {
    const rows = await database.apiKey.findMany({ where: { key_id: { in: [...keyIds] }, revoked_at: null } });
    return new Map(rows.map((row) => [row.key_id, row]));
  }, KEYS_AT_ONCE);

  const lookUp = async (keyId: string): Promise<StoredKey | undefined> => {
    const row = await find(keyId);
    if (!row) {
      unknown.keep(keyId, true);
      return undefined;
    }
    const stored = { hash: row.hash, principal: principalOf(keyId, row.role, row.customer_id) };
    known.keep(keyId, stored);
    return stored;
  };

  return async function authenticate(token) {
    const keyId = /^(key_[0-9a-f]{32})\.[\w-]{43}$/.exec(token)?.[1];
    if (keyId === undefined) return undefined;
    const stored = known.get(keyId) ?? (unknown.get(keyId) ? undefined : await lookUp(keyId));
    if (!stored || !timingSafeEqual(Buffer.from(stored.hash), Buffer.from(hashOf(token)))) return undefined;
    return stored.principal;
  };
}

/** Keeps at most `size` values, each for `ttlMs`; the oldest makes room for a new one. */
function createMemory<Value>(size: number, ttlMs: number) {
  const kept = new Map<string, { readonly until: number; readonly value: Value }>();
  return {
    get(key: string): Value | undefined {
      const entry = kept.get(key);
      return entry && entry.until > performance.now() ? entry.value : undefined;
    },
    keep(key: string, value: Value): void {
      kept.delete(key);
      const [oldest] = kept.size >= size ? kept.keys() : [];
      if (oldest !== undefined) kept.delete(oldest);
      kept.set(key, { until: performance.now() + ttlMs, value });
    },
  };
}

function principalOf(keyId: string, role: string, customerId: string | null): Principal {
  if (role === 'service' || role === 'operator') return { role, keyId };
  if (role === 'customer' && customerId !== null) return { role, keyId, customerId };
  throw new Error(`API key ${keyId} has the unknown role ${role}.`);
}
