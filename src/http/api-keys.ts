import { timingSafeEqual } from 'node:crypto';
import { hashOf, newCredentials } from '../keys/credentials';
import type { Principal, Role } from '../mediator/message';
import type { Database } from '../platform/database/database';
import { nowMs } from '../platform/clock';
import { gatherLookUps } from '../platform/gather-look-ups';
import { createMemory } from './memory';

export type NewApiKey =
  { readonly role: 'customer'; readonly customerId: string } | { readonly role: Exclude<Role, 'customer'> };

/** The principal of a bearer token; `undefined` when the key is unknown, expired or revoked. */
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

/** A key works for this long at most after it was revoked. */
const KNOWN_MS = 5_000;
const KNOWN_KEYS = 10_000;
/** A key that was tried before it was made is refused for this long at most. */
const UNKNOWN_MS = 1_000;
const UNKNOWN_KEYS = 1_000;
/** In one query; there is one query at a time. */
const KEYS_AT_ONCE = 500;

/**
 * Looks keys up by their id, through a short memory, and compares hashes in constant time. Unknown keys have a separate
 * memory, and all look-ups share one query at a time: a flood of unknown keys neither evicts good ones nor takes the
 * connections of requests.
 *
 * @param noteUse called with the id of each key that was accepted; see `createKeyUse`
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
    // The key may have been revoked as soon as the query had read it, however long the answer took.
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
