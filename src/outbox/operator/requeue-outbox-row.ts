import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { recordOperatorAction } from '../../mediator/operator-action';
import { auditedRow, lockParkedRow } from './lock-parked-row';
import { outboxActOnRow, outboxRowView } from './outbox-row';
import { requeueRow } from './outbox-rows.sql';

/** Lets the relay try a parked row again, in its place before the later rows of its aggregate. */
export const requeueOutboxRow = defineCommand({
  name: 'RequeueOutboxRow',
  input: outboxActOnRow,
  result: outboxRowView,
  roles: ['operator'],
});

export const requeueOutboxRowHandler = handle(requeueOutboxRow, async ({ id, reason }, context) => {
  const { tx } = context.uow;
  const row = await lockParkedRow(tx, id);
  await requeueRow(tx, id);
  context.uow.wake(row.lane);
  recordOperatorAction(context, { action: 'outbox.requeue', subject: id, reason, details: auditedRow(row) });
  return outboxRowView.parse({ ...row, attempts: 0, last_error: null, parked_at: null });
});
