import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal, Role } from '../mediator/message';
import type { Database } from '../platform/database/database';
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

/**
 * Looks keys up by their id, through a short memory (a revoked key works for `ttlMs` at most), and
 * compares hashes in constant time.
 */
export function createAuthenticate(database: Database, ttlMs = 5_000): Authenticate {
  const remembered = new Map<string, { readonly until: number; readonly stored: Promise<StoredKey | undefined> }>();

  const read = async (keyId: string): Promise<StoredKey | undefined> => {
    const row = await database.apiKey.findUnique({ where: { key_id: keyId } });
    if (!row || row.revoked_at) return undefined;
    return { hash: row.hash, principal: principalOf(keyId, row.role, row.customer_id) };
  };

  const lookUp = (keyId: string): Promise<StoredKey | undefined> => {
    const now = performance.now();
    const entry = remembered.get(keyId);
    if (entry && entry.until > now) return entry.stored;
    if (remembered.size >= 10_000) remembered.clear();
    const stored = read(keyId);
    remembered.set(keyId, { until: now + ttlMs, stored });
    stored.catch(() => remembered.delete(keyId));
    return stored;
  };

  return async function authenticate(token) {
    const keyId = /^(key_[0-9a-f]{32})\.[\w-]{43}$/.exec(token)?.[1];
    if (keyId === undefined) return undefined;
    const stored = await lookUp(keyId);
    if (!stored || !timingSafeEqual(Buffer.from(stored.hash), Buffer.from(hashOf(token)))) return undefined;
    return stored.principal;
  };
}

function principalOf(keyId: string, role: string, customerId: string | null): Principal {
  if (role === 'service' || role === 'operator') return { role, keyId };
  if (role === 'customer' && customerId !== null) return { role, keyId, customerId };
  throw new Error(`API key ${keyId} has the unknown role ${role}.`);
}
