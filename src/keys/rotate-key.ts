import { z } from '@hono/zod-openapi';
import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { NO_REASON, recordOperatorAction } from '../mediator/operator-action';
import { opaqueId } from '../platform/schemas';
import { assertRotatable, keyAct, keyResponse, madeKey, toKeyResponse } from './api-key';
import { keyTable, lockKey } from './find-key';

/**
 * Replaces a key with another one of the same role, customer, label and expiry. The old key expires when the grace time
 * is over, or earlier if that was its expiry.
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

export const createRotateKey = (graceMs: number) =>
  handle(rotateKey, async ({ id, key_id, hash, reason = NO_REASON }, context) => {
    const { now, uow } = context;
    const old = await lockKey(uow.tx, id);
    assertRotatable(old, now);
    const { role, customer_id, label } = old;
    const created = toKeyResponse({ ...old, key_id, created_at: now, last_used_at: null });
    uow.insert(keyTable, { key_id, hash, role, customer_id, label, expires_at: created.expires_at, created_at: now });
    const expires_at = endOfGrace(old.expires_at, now, graceMs);
    // After the insert: one statement, and the reference is checked at its end.
    uow.update(keyTable, { key_id: old.key_id, expires_at, replaced_by: key_id });
    const details = { role, customer_id, label, replaced_by: key_id, expires_at };
    recordOperatorAction(context, { action: 'key.rotate', subject: old.key_id, reason, details });
    return { created, replaced: toKeyResponse({ ...old, expires_at }) };
  });
