import { handle } from '../../mediator/handler';
import { defineCommand } from '../../mediator/message';
import { recordOperatorAction } from '../../mediator/operator-action';
import { auditedRow, lockParkedRow } from './lock-parked-row';
import { outboxActOnRow, outboxRowView } from './outbox-row';
import { discardRow } from './outbox-rows.sql';

/**
 * Discards a dead letter, so that the later rows of its aggregate go on. Consumers see a gap in the versions. The event
 * stays in the log, from where a replay can publish it.
 */
export const discardOutboxRow = defineCommand({
  name: 'DiscardOutboxRow',
  input: outboxActOnRow,
  result: outboxRowView,
  roles: ['operator'],
});

/** Returns the row as it was. */
export const discardOutboxRowHandler = handle(discardOutboxRow, async ({ id, reason }, context) => {
  const { tx } = context.uow;
  const row = await lockParkedRow(tx, id);
  await discardRow(tx, id);
  context.uow.wake(row.shard);
  recordOperatorAction(context, { action: 'outbox.discard', subject: id, reason, details: auditedRow(row) });
  return outboxRowView.parse(row);
});
