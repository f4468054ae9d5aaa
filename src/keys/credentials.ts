import { createHash, randomBytes } from 'node:crypto';
import { newId } from '../platform/ids';

/** The credentials of a new key. */
export interface Credentials {
  readonly keyId: string;
  /** `<key id>.<secret>`, as a client sends it. */
  readonly key: string;
  /** The stored form of the key. */
  readonly hash: string;
}

/** The stored form of a key. 256 random bits need no slow hash: they cannot be guessed. */
export const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url');

/** Creates the credentials of a new key. Commands contain only the hash, never the secret. */
export function newCredentials(): Credentials {
  const keyId = newId('key');
  const key = `${keyId}.${randomBytes(32).toString('base64url')}`;
  return { keyId, key, hash: hashOf(key) };
}
