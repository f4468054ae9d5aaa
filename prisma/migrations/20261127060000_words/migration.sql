-- The words that others use: shard instead of lane, idempotency_key instead of inbox, audit_log instead of operator_action.
-- Names alone change, no row does. Processes of the version before do not run on the new names: see docs/upgrade.md.

-- Outbox --------------------------------------------------------------------------------------

ALTER TABLE outbox RENAME COLUMN lane TO shard;
ALTER INDEX outbox_lane_id_idx RENAME TO outbox_shard_id_idx;
ALTER TABLE outbox_lane RENAME TO outbox_shard;
ALTER TABLE outbox_shard RENAME COLUMN lane TO shard;

-- Created anew, since the names of parameters cannot change. It is a function for the sake of its settings: they leave
-- the planner only the walk along (shard, id), which ends after max_rows. See src/outbox/relay/relay.sql.ts.
DROP FUNCTION outbox_pending_rows(smallint, bigint, integer, bigint[]);
CREATE FUNCTION outbox_pending_rows(wanted_shard smallint, low_watermark bigint, max_rows integer, in_flight bigint[])
RETURNS SETOF outbox
LANGUAGE sql STABLE ROWS 100
SET enable_bitmapscan = off SET enable_seqscan = off SET enable_sort = off
AS $$
  SELECT outbox.* FROM outbox
  WHERE outbox.shard BETWEEN wanted_shard AND wanted_shard AND outbox.id >= low_watermark
    AND outbox.parked_at IS NULL
    AND (outbox.next_attempt_at IS NULL OR outbox.next_attempt_at <= now())
    AND outbox.id <> ALL (in_flight)
    -- OFFSET 0 keeps this one index probe a row; as a join, each row met every held one.
    AND NOT EXISTS (
      SELECT FROM outbox AS held
      WHERE held.aggregate_id = outbox.aggregate_id AND held.id < outbox.id
        AND (held.parked_at IS NOT NULL OR held.next_attempt_at IS NOT NULL)
        AND (held.parked_at IS NOT NULL OR held.next_attempt_at > now()) OFFSET 0)
  ORDER BY outbox.shard, outbox.id
  LIMIT max_rows
$$;

-- Idempotency keys ----------------------------------------------------------------------------

ALTER TABLE inbox RENAME TO idempotency_key;
ALTER INDEX inbox_expires_at_idx RENAME TO idempotency_key_expires_at_idx;

-- Audit log -----------------------------------------------------------------------------------

ALTER TABLE operator_action RENAME TO audit_log;
ALTER TABLE audit_log RENAME COLUMN operator_action_id TO audit_log_id;
ALTER INDEX operator_action_subject_at_idx RENAME TO audit_log_subject_at_idx;
ALTER TRIGGER operator_action_append_only ON audit_log RENAME TO audit_log_append_only;
ALTER TRIGGER operator_action_refuse_truncate ON audit_log RENAME TO audit_log_refuse_truncate;

-- Constraints: primary keys, checks and, since PostgreSQL 18, NOT NULL, which has a name there --------

DO $$
DECLARE
  renamed record;
BEGIN
  FOR renamed IN
    SELECT conrelid::regclass AS relation, conname AS old_name,
      replace(replace(replace(conname, 'operator_action', 'audit_log'), 'inbox', 'idempotency_key'), 'lane', 'shard') AS new_name
    FROM pg_constraint
    WHERE conrelid IN ('outbox'::regclass, 'outbox_shard'::regclass, 'idempotency_key'::regclass, 'audit_log'::regclass)
  LOOP
    IF renamed.old_name <> renamed.new_name THEN
      EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', renamed.relation, renamed.old_name, renamed.new_name);
    END IF;
  END LOOP;
END $$;
