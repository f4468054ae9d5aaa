import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { recordOperatorAction } from '../../mediator/operator-action';
import { auditedRow, lockParkedRow } from './lock-parked-row';
import { outboxActOnRow, outboxRowView } from './outbox-row';
import { requeueRow } from './outbox-rows.sql';

/** Requeues a dead letter in its old place, before the later rows of its aggregate. */
export const requeueOutboxRow = defineCommand({
  name: 'RequeueOutboxRow',
  input: outboxActOnRow,
  result: outboxRowView,
  roles: ['operator'],
});

/** Returns the row as it is now. */
export const requeueOutboxRowHandler = handle(requeueOutboxRow, async ({ id, reason }, context) => {
  const { tx } = context.uow;
  const row = await lockParkedRow(tx, id);
  await requeueRow(tx, id);
  context.uow.wake(row.shard);
  recordOperatorAction(context, { action: 'outbox.requeue', subject: id, reason, details: auditedRow(row) });
  return outboxRowView.parse({ ...row, attempts: 0, last_error: null, parked_at: null });
});
