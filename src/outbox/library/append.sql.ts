import type { Queryable } from '../../platform/database/queryable';
import type { EventRow, OutboxRow } from '../append';

/** Inserts events and their outbox rows with one statement, outbox ids in the order of the rows. */
export async function insertEvents(
  tx: Queryable,
  events: readonly EventRow[],
  outbox: readonly OutboxRow[],
): Promise<void> {
  await tx.$executeRawUnsafe(
    `WITH new_event AS (
       INSERT INTO event (event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at,
         correlation_id, causation_id, traceparent)
       SELECT event_id, aggregate_type, aggregate_id, version, type, data_version, payload, occurred_at,
         correlation_id, causation_id, traceparent
       FROM json_populate_recordset(NULL::event, $1::json))
     INSERT INTO outbox (event_id, shard, aggregate_id)
     SELECT event_id, shard, aggregate_id FROM json_populate_recordset(NULL::outbox, $2::json)`,
    JSON.stringify(events),
    JSON.stringify(outbox),
  );
}
