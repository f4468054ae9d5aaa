import { defineTable } from '../platform/database/table';
import { newId } from '../platform/values';
import { actorId, type OneStatementContext } from './message';

const auditLogTable = defineTable('audit_log', 'audit_log_id');

/** What the audit keeps when an operator gives no reason. */
export const NO_REASON = 'No reason was given.';

/** One act of a person, past the normal course of things. */
export interface OperatorAct {
  /** `outbox.requeue`: what it was about, and the verb. */
  readonly action: string;
  /** The id of what it was done to. */
  readonly subject: string;
  /** Why, in the person's words; at most 500 characters. */
  readonly reason: string;
  /** What would be gone without it, e.g. the row that was discarded. JSON. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Records who did it, in the transaction of the act: neither is there without the other. */
export function recordOperatorAction({ uow, principal, now }: OneStatementContext, act: OperatorAct): void {
  const { action, subject, reason, details = {} } = act;
  const audit_log_id = newId('opa');
  uow.insert(auditLogTable, {
    audit_log_id,
    at: now,
    actor: actorId(principal),
    action,
    subject,
    reason,
    details,
  });
}
