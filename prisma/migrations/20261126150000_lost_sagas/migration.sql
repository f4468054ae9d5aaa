-- Whether the workflow of a saga that has not ended is there: when it was looked for, since when it is gone, and how
-- often the saga was begun again for it. All by the database's clock.
ALTER TABLE saga
    ADD COLUMN checked_at timestamptz(3),
    ADD COLUMN lost_at    timestamptz(3),
    ADD COLUMN reruns     integer NOT NULL DEFAULT 0 CHECK (reruns >= 0);

CREATE INDEX saga_unchecked_idx ON saga ((coalesce(checked_at, started_at)))
    WHERE state NOT IN ('completed', 'compensated') AND started_at IS NOT NULL;
