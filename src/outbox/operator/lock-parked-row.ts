import type { Queryable } from '../../platform/database/database';
import { isRowId, rowNotFound, rowNotParked } from './outbox-row';
import { lockOutboxRow, type OutboxRowDetail } from './outbox-rows.sql';

/**
 * The row, an operator's own until the transaction ends: no relay claims a parked row, so only another
 * operator could be in the way.
 *
 * @throws Refusal `outbox_row_not_found`, `outbox_row_not_parked`
 */
export async function lockParkedRow(tx: Queryable, id: string): Promise<OutboxRowDetail> {
  const row = isRowId(id) ? await lockOutboxRow(tx, id) : undefined;
  if (!row) throw rowNotFound(id);
  if (row.parked_at === null) throw rowNotParked(id);
  return row;
}

/** What the audit keeps of it. */
export function auditedRow(row: OutboxRowDetail) {
  const { event_id, type, aggregate_id, version, attempts, last_error, replay_id } = row;
  return { event_id, type, aggregate_id, version, attempts, last_error, ...(replay_id !== null && { replay_id }) };
}
