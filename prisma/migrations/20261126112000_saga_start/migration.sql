-- Each saga that is not started yet waits by itself, by the database's clock: one that Temporal refuses holds no other.
ALTER TABLE saga
    ADD COLUMN start_after    timestamptz(3) NOT NULL DEFAULT now() + interval '2 seconds',
    ADD COLUMN start_attempts integer NOT NULL DEFAULT 0 CHECK (start_attempts >= 0),
    ADD COLUMN start_error    text;

-- What the sweeper looks for. Sagas that ended without ever starting are not in it.
DROP INDEX saga_unstarted_idx;
CREATE INDEX saga_unstarted_idx ON saga (start_after) WHERE started_at IS NULL AND state = 'running';
