-- Vacuum of the two tables whose rows go again. Of `outbox`, the first migration set: after 5,000 dead rows,
-- whatever its size (a share of a table that is empty now and full then says nothing), and without pauses.
--
-- By default vacuum leaves the indexes alone while fewer than 2 % of the pages have dead rows. After a backlog
-- those 2 % are many rows, and their index entries lie exactly where the claim begins to read.
ALTER TABLE outbox SET (vacuum_index_cleanup = on);

-- `inbox` keeps 90 days of keys, and housekeeping takes a ninetieth of them a day: with the default of a fifth
-- dead, vacuum would come every two or three weeks, and leave that much dead weight in between.
ALTER TABLE inbox SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000);

-- Dead letters that an operator has dealt with go after the same 90 days.
CREATE INDEX dead_letter_settled_idx ON dead_letter (created_at) WHERE state IN ('replayed', 'discarded');
