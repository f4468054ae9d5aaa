import { createHash, randomBytes } from 'node:crypto';
import { newId } from '../platform/ids';

export interface Credentials {
  readonly keyId: string;
  /** `<key id>.<secret>`: what a client sends. */
  readonly key: string;
  /** What is stored of it. */
  readonly hash: string;
}

/** The stored form of a key. 256 random bits need no slow hash: they cannot be guessed. */
export const hashOf = (key: string): string => createHash('sha256').update(key).digest('base64url');

/** Makes the credentials of a new key. Only the hash goes further than to the caller: commands never see the secret. */
export function newCredentials(): Credentials {
  const keyId = newId('key');
  const key = `${keyId}.${randomBytes(32).toString('base64url')}`;
  return { keyId, key, hash: hashOf(key) };
}
