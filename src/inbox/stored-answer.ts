import { STEP_UNDONE } from '../contract';
import { Refusal } from '../platform/refusal';
import type { InboxRow } from './inbox.sql';
import type { Once } from './once';

/**
 * The answer that is kept under a key.
 *
 * @throws Refusal `idempotency_key_reused` when the key was used with another content,
 *   `step_undone` when a compensation came first
 */
export function storedAnswer(once: Once, row: InboxRow | undefined): unknown {
  if (!row) throw new Error(`Inbox key ${once.scope}/${once.key} was taken, and is gone: try again.`);
  if (row.fingerprint !== (once.fingerprint ?? null)) {
    throw new Refusal('idempotency_key_reused', 'This idempotency key was used with another request; take a new key.');
  }
  if (row.is_undone) {
    throw new Refusal(STEP_UNDONE, `Step ${once.key} of ${once.scope} was compensated before this attempt arrived.`);
  }
  return row.result;
}
