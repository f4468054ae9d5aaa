import type { Handler } from '../mediator/handler';
import type { Database } from '../platform/database/database';
import { createKey, createKeyHandler } from './create-key';
import { createGetKey, createListKeys, getKey, listKeys } from './find-key';
import { revokeKey, revokeKeyHandler } from './revoke-key';
import { createRotateKey, rotateKey } from './rotate-key';

/** The commands and queries about API keys. */
export const keyMessages = [listKeys, getKey, createKey, revokeKey, rotateKey];

export const createKeyHandlers = (database: Database, rotationGraceMs: number): Handler[] => [
  createListKeys(database),
  createGetKey(database),
  createKeyHandler,
  revokeKeyHandler,
  createRotateKey(rotationGraceMs),
];
