-- One comparison of all books. The last one that finished stays, for its time.
CREATE TABLE reconciliation_run (
    run_id      text PRIMARY KEY,
    started_at  timestamptz(3) NOT NULL,
    -- Charges that a provider took since then are on its list.
    since       timestamptz(3) NOT NULL,
    -- What changed after this is in motion.
    settled_at  timestamptz(3) NOT NULL,
    -- Whose charges have all been copied.
    providers   text[] DEFAULT '{}',
    finished_at timestamptz(3)
);

-- The providers' books, as a run has copied them; gone when it has finished.
CREATE TABLE reconciliation_charge (
    run_id          text NOT NULL REFERENCES reconciliation_run (run_id) ON DELETE CASCADE,
    provider        text NOT NULL,
    key             text NOT NULL,
    charge_ref      text NOT NULL,
    payment_id      text NOT NULL,
    amount          bigint NOT NULL,
    currency        text NOT NULL,
    refunded_amount bigint NOT NULL,
    created_at      timestamptz(3) NOT NULL,
    PRIMARY KEY (run_id, provider, key)
);

-- What the last run found; one that it did not find again is gone. Nothing here moves money.
CREATE TABLE reconciliation_difference (
    kind          text NOT NULL,
    subject       text NOT NULL,
    detail        text NOT NULL,
    expected      text,
    actual        text,
    run_id        text NOT NULL,
    first_seen_at timestamptz(3) NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX reconciliation_difference_first_seen_at_idx ON reconciliation_difference (first_seen_at, kind, subject);
