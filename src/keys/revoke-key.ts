import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { NO_REASON, recordOperatorAction } from '../mediator/operator-action';
import { opaqueId } from '../platform/schemas';
import { assertNotRevoked, keyAct, keyResponse, toKeyResponse } from './api-key';
import { keyTable, lockKey } from './find-key';

/**
 * Ends a key for good. Every API process refuses it within 5 seconds.
 *
 * @throws Refusal `key_not_found`, `key_revoked`
 */
export const revokeKey = defineCommand({
  name: 'RevokeKey',
  input: keyAct.extend({ id: opaqueId }),
  result: keyResponse,
  roles: ['operator'],
});

export const revokeKeyHandler = handle(revokeKey, async ({ id, reason = NO_REASON }, context) => {
  const key = await lockKey(context.uow.tx, id);
  assertNotRevoked(key);
  const { key_id, role, customer_id, label } = key;
  context.uow.update(keyTable, { key_id, revoked_at: context.now });
  const details = { role, customer_id, label };
  recordOperatorAction(context, { action: 'key.revoke', subject: key_id, reason, details });
  return toKeyResponse({ ...key, revoked_at: context.now });
});
