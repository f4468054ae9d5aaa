-- A chosen range of the event log, on its way into the outbox once more, chunk by chunk. The cursor is the
-- last event looked at, in the order of the log's unique key.

CREATE TABLE outbox_replay (
    replay_id         text PRIMARY KEY,
    range             jsonb NOT NULL,
    events            integer NOT NULL CHECK (events > 0),
    written           integer NOT NULL DEFAULT 0 CHECK (written >= 0),
    at_aggregate_type text NOT NULL DEFAULT '',
    at_aggregate_id   text NOT NULL DEFAULT '',
    at_version        integer NOT NULL DEFAULT 0,
    created_at        timestamptz(3) NOT NULL,
    finished_at       timestamptz(3)
);
-- What the writer looks for: small, however many replays there were.
CREATE INDEX outbox_replay_unfinished_idx ON outbox_replay (created_at) WHERE finished_at IS NULL;

-- An event is in the outbox once for its first publishing, and once for each replay it belongs to.
ALTER TABLE outbox ADD COLUMN replay_id text REFERENCES outbox_replay (replay_id);
ALTER TABLE outbox DROP CONSTRAINT outbox_event_id_key;
CREATE UNIQUE INDEX outbox_event_id_first_key ON outbox (event_id) WHERE replay_id IS NULL;
CREATE UNIQUE INDEX outbox_replay_id_event_id_key ON outbox (replay_id, event_id) WHERE replay_id IS NOT NULL;
