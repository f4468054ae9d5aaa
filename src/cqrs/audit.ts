import { defineTable } from '../platform/database/table';
import { newId } from '../platform/values';
import { actorId, type OneStatementContext } from './message';

const auditLogTable = defineTable('audit_log', 'audit_log_id');

/** The reason in the audit log when the operator gives none. */
export const NO_REASON = 'No reason was given.';

/** An intervention by a person, for the audit log. */
export interface OperatorAct {
  /** The area and the verb, e.g. `outbox.requeue`. */
  readonly action: string;
  /** The id of the changed object. */
  readonly subject: string;
  /** The person's explanation, at most 500 characters. */
  readonly reason: string;
  /** JSON that is stored nowhere else, e.g. a discarded row. Defaults to `{}`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Writes a row of `audit_log` with the principal, in the same transaction as the change. */
export function recordAudit({ uow, principal, now }: OneStatementContext, act: OperatorAct): void {
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
