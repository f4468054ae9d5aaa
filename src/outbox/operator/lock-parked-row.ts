import type { Queryable } from '../../platform/database/database';
import { isRowId, rowNotFound, rowNotParked } from './outbox-row';
import { lockOutboxRow, type OutboxRowDetail } from './outbox-rows.sql';

/**
 * Locks a dead letter until the transaction ends and returns it. No relay claims it meanwhile.
 *
 * @throws Refusal `outbox_row_not_found`, `outbox_row_not_parked`
 */
export async function lockParkedRow(tx: Queryable, id: string): Promise<OutboxRowDetail> {
  const row = isRowId(id) ? await lockOutboxRow(tx, id) : undefined;
  if (!row) throw rowNotFound(id);
  if (row.parked_at === null) throw rowNotParked(id);
  return row;
}

/** Returns the fields of a row that the audit log keeps. */
export function auditedRow(row: OutboxRowDetail) {
  const { event_id, type, aggregate_id, version, attempts, last_error, replay_id } = row;
  return { event_id, type, aggregate_id, version, attempts, last_error, ...(replay_id !== null && { replay_id }) };
}
