-- Which pages of the log have events of a time, for replays by time. The log is appended in the order of time, so this is
-- a few kilobytes, and an insert does not touch it within a range of pages that is summarised already.
CREATE INDEX event_occurred_at_idx ON event USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on);
