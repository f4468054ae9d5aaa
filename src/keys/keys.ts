import { z } from '@hono/zod-openapi';
import { NO_REASON, recordAudit } from '../cqrs/audit';
import { defineCommand, defineQuery, handle } from '../cqrs/message';
import { lockRows } from '../cqrs/unit-of-work';
import type { Tx } from '../platform/database/database';
import { defineTable } from '../platform/database/table';
import { Refusal } from '../platform/refusal';
import { opaqueId, pageQuery, text } from '../platform/schemas';
import { decodeCursor, encodeCursor } from '../platform/values';
import {
  assertNotRevoked,
  assertRotatable,
  createKeyInput,
  keyAct,
  keyNotFound,
  keyResponse,
  type KeyRow,
  madeKey,
  toKeyResponse,
} from './api-key';

/** The query parameters of `GET /admin/keys`. */
export const keyFilter = z.strictObject(pageQuery);

/** Lists all keys, newest first, including revoked and expired keys. */
export const listKeys = defineQuery({
  name: 'ListKeys',
  input: keyFilter,
  result: z.object({ data: z.array(keyResponse), next_cursor: z.string().nullable() }),
  roles: ['operator'],
});

const position = z.tuple([text(64)]);

/** Handles {@link listKeys}. */
export const listKeysHandler = handle(listKeys, async ({ limit, cursor }, { database }) => {
  const [before] = cursor === undefined ? [] : decodeCursor(cursor, position);
  const keys = await database.apiKey.findMany({
    ...(before !== undefined && { where: { key_id: { lt: before } } }),
    orderBy: { key_id: 'desc' },
    take: limit + 1,
  });
  const page = keys.slice(0, limit);
  const last = keys.length > limit ? page.at(-1) : undefined;
  return { data: page.map(toKeyResponse), next_cursor: last ? encodeCursor([last.key_id]) : null };
});

/** Reads one key and the id of the key that replaced it. @throws Refusal `key_not_found` */
export const getKey = defineQuery({
  name: 'GetKey',
  input: z.strictObject({ id: opaqueId }),
  result: keyResponse.extend({ replaced_by: z.string().nullable() }),
  roles: ['operator'],
});

/** Handles {@link getKey}. */
export const getKeyHandler = handle(getKey, async ({ id }, { database }) => {
  const row = await database.apiKey.findUnique({ where: { key_id: id } });
  if (!row) throw keyNotFound(id);
  return { ...toKeyResponse(row), replaced_by: row.replaced_by };
});

/** The table of API keys. */
export const keyTable = defineTable('api_key', 'key_id');

/** Locks a key's row until the transaction ends. @throws Refusal `key_not_found` */
export async function lockKey(tx: Tx, id: string): Promise<KeyRow> {
  const [row] = await lockRows(tx, [{ table: keyTable, id }]);
  if (row === undefined) throw keyNotFound(id);
  return row as KeyRow;
}

/**
 * Adds a key with credentials from the caller. Neither the command nor its result contains the secret.
 *
 * @throws Refusal `expiry_passed` for an expiry that is not in the future
 */
export const createKey = defineCommand({
  name: 'CreateKey',
  input: createKeyInput,
  result: keyResponse,
  roles: ['operator'],
  transaction: 'one_statement',
});

/** Handles {@link createKey}. */
export const createKeyHandler = handle(createKey, async ({ key_id, hash, reason = NO_REASON, ...wanted }, context) => {
  const { role, customer_id = null, label = null, expires_at = null } = wanted;
  assertInFuture(expires_at, context.now);
  const row = { key_id, role, customer_id, label, expires_at, created_at: context.now };
  context.uow.insert(keyTable, { ...row, hash });
  const details = { role, customer_id, label, expires_at };
  recordAudit(context, { action: 'key.create', subject: key_id, reason, details });
  return toKeyResponse({ ...row, last_used_at: null, revoked_at: null, replaced_by: null });
});

/** Checks that an expiry is in the future. @throws Refusal `expiry_passed` */
export function assertInFuture(expiresAt: string | null | undefined, now: string): void {
  if (typeof expiresAt !== 'string' || expiresAt > now) return;
  throw new Refusal('expiry_passed', `The expiry must be after ${now}.`);
}

/**
 * Revokes a key permanently. Every API process refuses it within 5 seconds.
 *
 * @throws Refusal `key_not_found`, `key_revoked`
 */
export const revokeKey = defineCommand({
  name: 'RevokeKey',
  input: keyAct.extend({ id: opaqueId }),
  result: keyResponse,
  roles: ['operator'],
});

/** Handles {@link revokeKey}. */
export const revokeKeyHandler = handle(revokeKey, async ({ id, reason = NO_REASON }, context) => {
  const key = await lockKey(context.uow.tx, id);
  assertNotRevoked(key);
  const { key_id, role, customer_id, label } = key;
  context.uow.update(keyTable, { key_id, revoked_at: context.now });
  const details = { role, customer_id, label };
  recordAudit(context, { action: 'key.revoke', subject: key_id, reason, details });
  return toKeyResponse({ ...key, revoked_at: context.now });
});

/**
 * Replaces a key with a new key of the same role, customer, label and expiry. The old key expires after the grace time
 * or at its own expiry, whichever is earlier.
 *
 * @throws Refusal `key_not_found`, `key_revoked`, `key_rotated`, `key_expired`
 */
export const rotateKey = defineCommand({
  name: 'RotateKey',
  input: keyAct.extend({ id: opaqueId, ...madeKey }),
  result: z.object({ created: keyResponse, replaced: keyResponse }),
  roles: ['operator'],
});

/** Returns when the old key stops working. */
export function endOfGrace(expiresAt: Date | string | null, now: string, graceMs: number): string {
  const end = Date.parse(now) + graceMs;
  return new Date(expiresAt === null ? end : Math.min(end, new Date(expiresAt).getTime())).toISOString();
}

/** Creates the handler of {@link rotateKey}. @param graceMs how long the old key still works */
export const createRotateKey = (graceMs: number) =>
  handle(rotateKey, async ({ id, key_id, hash, reason = NO_REASON }, context) => {
    const { now, uow } = context;
    const old = await lockKey(uow.tx, id);
    assertRotatable(old, now);
    const { role, customer_id, label } = old;
    const created = toKeyResponse({ ...old, key_id, created_at: now, last_used_at: null });
    uow.insert(keyTable, { key_id, hash, role, customer_id, label, expires_at: created.expires_at, created_at: now });
    const expires_at = endOfGrace(old.expires_at, now, graceMs);
    // One statement writes both and checks the reference at its end.
    uow.update(keyTable, { key_id: old.key_id, expires_at, replaced_by: key_id });
    const details = { role, customer_id, label, replaced_by: key_id, expires_at };
    recordAudit(context, { action: 'key.rotate', subject: old.key_id, reason, details });
    return { created, replaced: toKeyResponse({ ...old, expires_at }) };
  });
