-- The circuits to the outside that are not closed, by worker, for /health. A row lives as long as its worker
-- refreshes it.
CREATE TABLE circuit_breaker (
    name       text NOT NULL,
    worker     text NOT NULL,
    state      text NOT NULL CHECK (state IN ('open', 'half_open')),
    changed_at timestamptz(3) NOT NULL,
    seen_at    timestamptz(3) NOT NULL,
    PRIMARY KEY (name, worker)
);
