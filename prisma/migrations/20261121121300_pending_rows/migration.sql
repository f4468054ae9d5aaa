-- The next rows of one lane, for the relay's claim; see src/outbox/relay/relay.sql.ts.
--
-- A function for its settings' sake: they leave the planner only the walk along (lane, id), which ends
-- after max_rows. It knows nothing of a table that is empty most of the time, and otherwise may sort the
-- whole backlog for each batch.
CREATE FUNCTION outbox_pending_rows(wanted_lane smallint, low_bound bigint, max_rows integer, in_flight bigint[])
RETURNS SETOF outbox
LANGUAGE sql STABLE ROWS 100
SET enable_bitmapscan = off SET enable_seqscan = off SET enable_sort = off
AS $$
  SELECT outbox.* FROM outbox
  WHERE outbox.lane BETWEEN wanted_lane AND wanted_lane AND outbox.id >= low_bound
    AND outbox.parked_at IS NULL
    AND (outbox.next_attempt_at IS NULL OR outbox.next_attempt_at <= now())
    AND outbox.id <> ALL (in_flight)
    -- OFFSET 0 keeps this one index probe a row; as a join, each row met every held one.
    AND NOT EXISTS (
      SELECT FROM outbox AS held
      WHERE held.aggregate_id = outbox.aggregate_id AND held.id < outbox.id
        AND (held.parked_at IS NOT NULL OR held.next_attempt_at IS NOT NULL)
        AND (held.parked_at IS NOT NULL OR held.next_attempt_at > now()) OFFSET 0)
  ORDER BY outbox.lane, outbox.id
  LIMIT max_rows
$$;
