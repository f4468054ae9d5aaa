-- A replay that fails waits by itself: how often it has failed since its last chunk, when it is due again by the
-- database's clock, and why it failed.
ALTER TABLE outbox_replay
    ADD COLUMN attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    ADD COLUMN next_attempt_at timestamptz(3),
    ADD COLUMN last_error      text;
