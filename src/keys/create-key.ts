import { handle } from '../mediator/handler';
import { defineCommand } from '../mediator/message';
import { NO_REASON, recordOperatorAction } from '../mediator/operator-action';
import { Refusal } from '../platform/refusal';
import { createKeyInput, keyResponse, toKeyResponse } from './api-key';
import { keyTable } from './find-key';

/**
 * Adds a key with credentials from the caller: neither the command nor its result holds the secret.
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

export const createKeyHandler = handle(createKey, async ({ key_id, hash, reason = NO_REASON, ...wanted }, context) => {
  const { role, customer_id = null, label = null, expires_at = null } = wanted;
  assertInFuture(expires_at, context.now);
  const row = { key_id, role, customer_id, label, expires_at, created_at: context.now };
  context.uow.insert(keyTable, { ...row, hash });
  const details = { role, customer_id, label, expires_at };
  recordOperatorAction(context, { action: 'key.create', subject: key_id, reason, details });
  return toKeyResponse({ ...row, last_used_at: null, revoked_at: null, replaced_by: null });
});

/** Checks an expiry. @throws Refusal `expiry_passed` for an expiry that is not in the future */
export function assertInFuture(expiresAt: string | null | undefined, now: string): void {
  if (typeof expiresAt !== 'string' || expiresAt > now) return;
  throw new Refusal('expiry_passed', `The key would have expired already: it is ${now} now.`);
}
