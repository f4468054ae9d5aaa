-- The workers that relay, so that those with many lane groups give some to those with few. A hint: what
-- makes one owner of a lane is its epoch alone.
CREATE TABLE relay_worker (
    worker_id text PRIMARY KEY,
    relays    integer NOT NULL CHECK (relays >= 0),
    seen_at   timestamptz(3) NOT NULL
);
