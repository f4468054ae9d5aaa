-- Catalogue -----------------------------------------------------------------------------------

CREATE TABLE product (
    sku      text PRIMARY KEY,
    name     text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('service', 'goods')),
    price    bigint NOT NULL CHECK (price > 0),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    stock    integer CHECK (stock >= 0),
    reserved integer NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    CHECK (stock IS NULL OR reserved <= stock)
);

-- Aggregates ----------------------------------------------------------------------------------
-- Each row is the fold of its aggregate's events; `version` is that of the last one.

CREATE TABLE orders (
    order_id          text PRIMARY KEY,
    customer_id       text NOT NULL,
    product_sku       text NOT NULL REFERENCES product (sku),
    quantity          integer NOT NULL CHECK (quantity > 0),
    amount            bigint NOT NULL CHECK (amount > 0),
    currency          char(3) NOT NULL,
    status            text NOT NULL CHECK (status IN
                      ('PENDING_PAYMENT', 'PAID', 'FULFILLED', 'CANCELLED', 'REFUNDED', 'REFUND_DUE')),
    collection_method text NOT NULL CHECK (collection_method IN ('send_invoice', 'charge_automatically')),
    payment_method    text,
    invoice_id        text NOT NULL UNIQUE,
    version           integer NOT NULL CHECK (version > 0),
    placed_at         timestamptz(3) NOT NULL,
    CHECK (collection_method <> 'charge_automatically' OR payment_method IS NOT NULL)
);
CREATE INDEX orders_customer_id_order_id_idx ON orders (customer_id, order_id DESC);
CREATE INDEX orders_status_order_id_idx ON orders (status, order_id DESC);

CREATE TABLE invoice (
    invoice_id  text PRIMARY KEY,
    order_id    text NOT NULL UNIQUE REFERENCES orders (order_id),
    customer_id text NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    char(3) NOT NULL,
    status      text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'PAID', 'VOID')),
    payment_id  text,
    capture_ref text UNIQUE,
    version     integer NOT NULL CHECK (version > 0),
    issued_at   timestamptz(3) NOT NULL,
    CHECK ((status IN ('CLOSED', 'PAID')) = (payment_id IS NOT NULL AND capture_ref IS NOT NULL))
);

CREATE TABLE payment (
    payment_id   text PRIMARY KEY,
    order_id     text NOT NULL REFERENCES orders (order_id),
    invoice_id   text NOT NULL REFERENCES invoice (invoice_id),
    customer_id  text NOT NULL,
    amount       bigint NOT NULL CHECK (amount > 0),
    currency     char(3) NOT NULL,
    status       text NOT NULL CHECK (status IN ('REQUESTED', 'CAPTURED', 'REFUNDED', 'FAILED')),
    failure_code text,
    version      integer NOT NULL CHECK (version > 0),
    requested_at timestamptz(3) NOT NULL,
    CHECK ((status = 'FAILED') = (failure_code IS NOT NULL))
);
CREATE INDEX payment_order_id_idx ON payment (order_id);
CREATE INDEX payment_invoice_id_idx ON payment (invoice_id);

CREATE TABLE service_provisioning (
    provisioning_id text PRIMARY KEY,
    order_id        text NOT NULL UNIQUE REFERENCES orders (order_id),
    customer_id     text NOT NULL,
    product_sku     text NOT NULL,
    invoice_id      text NOT NULL,
    status          text NOT NULL CHECK (status IN ('REQUESTED', 'DONE', 'FAILED')),
    version         integer NOT NULL CHECK (version > 0),
    requested_at    timestamptz(3) NOT NULL
);

-- Ledger: double-entry, append-only -----------------------------------------------------------

CREATE TABLE ledger_transaction (
    ledger_transaction_id text PRIMARY KEY,
    kind                  text NOT NULL CHECK (kind IN ('payment_credit', 'payment_credit_reversal')),
    reference             text NOT NULL,
    reverses              text UNIQUE REFERENCES ledger_transaction (ledger_transaction_id),
    created_at            timestamptz(3) NOT NULL,
    UNIQUE (kind, reference),
    CHECK ((kind = 'payment_credit_reversal') = (reverses IS NOT NULL))
);

CREATE TABLE ledger_entry (
    ledger_transaction_id text NOT NULL REFERENCES ledger_transaction (ledger_transaction_id),
    account               text NOT NULL CHECK (account = 'provider_clearing' OR account LIKE 'customer:%'),
    amount                bigint NOT NULL CHECK (amount <> 0),
    currency              char(3) NOT NULL,
    PRIMARY KEY (ledger_transaction_id, account, currency)
);
CREATE INDEX ledger_entry_account_currency_idx ON ledger_entry (account, currency);

CREATE FUNCTION refuse_unbalanced_ledger_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_entry WHERE ledger_transaction_id = NEW.ledger_transaction_id
               GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'ledger transaction % does not sum to zero', NEW.ledger_transaction_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_ledger_transaction();

-- Sagas ---------------------------------------------------------------------------------------

CREATE TABLE saga (
    saga_id        text PRIMARY KEY,
    type           text NOT NULL CHECK (type IN ('payment', 'order', 'shipment')),
    state          text NOT NULL CHECK (state IN ('running', 'completed', 'compensating', 'compensated', 'stuck')),
    order_id       text NOT NULL REFERENCES orders (order_id),
    customer_id    text NOT NULL,
    input          json NOT NULL,
    result         json,
    failed_step    text,
    failure_code   text,
    failure_detail text,
    correlation_id text NOT NULL,
    created_at     timestamptz(3) NOT NULL,
    started_at     timestamptz(3),
    ended_at       timestamptz(3)
);
CREATE INDEX saga_created_at_saga_id_idx ON saga (created_at DESC, saga_id DESC);
CREATE INDEX saga_order_id_idx ON saga (order_id);
-- What the sweeper looks for: small, however many sagas there are.
CREATE INDEX saga_unstarted_idx ON saga (created_at) WHERE started_at IS NULL;

CREATE TABLE saga_step (
    saga_id    text NOT NULL REFERENCES saga (saga_id),
    name       text NOT NULL,
    state      text NOT NULL CHECK (state IN
               ('pending', 'running', 'done', 'failed', 'undoing', 'undone', 'skipped')),
    attempts   integer NOT NULL CHECK (attempts >= 0),
    started_at timestamptz(3),
    ended_at   timestamptz(3),
    error      text,
    PRIMARY KEY (saga_id, name)
);

-- Event log and outbox ------------------------------------------------------------------------

CREATE TABLE event (
    event_id       text PRIMARY KEY,
    aggregate_type text NOT NULL,
    aggregate_id   text NOT NULL,
    version        integer NOT NULL CHECK (version > 0),
    type           text NOT NULL,
    data_version   integer NOT NULL CHECK (data_version > 0),
    payload        jsonb NOT NULL,
    occurred_at    timestamptz(3) NOT NULL,
    correlation_id text NOT NULL,
    causation_id   text,
    traceparent    text,
    UNIQUE (aggregate_type, aggregate_id, version)
);

CREATE TABLE outbox (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    event_id        text NOT NULL UNIQUE REFERENCES event (event_id),
    lane            smallint NOT NULL CHECK (lane BETWEEN 0 AND 15),
    aggregate_id    text NOT NULL,
    attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz(3),
    parked_at       timestamptz(3),
    last_error      text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_lane_id_idx ON outbox (lane, id);
-- The rows that hold their aggregate back: few, or none.
CREATE INDEX outbox_held_idx ON outbox (aggregate_id, id) WHERE parked_at IS NOT NULL OR next_attempt_at IS NOT NULL;

CREATE TABLE outbox_lane (
    lane  smallint PRIMARY KEY CHECK (lane BETWEEN 0 AND 15),
    epoch bigint NOT NULL DEFAULT 0
);
INSERT INTO outbox_lane (lane) SELECT generate_series(0, 15);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_transaction_append_only BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Inbox and dead letters ----------------------------------------------------------------------

CREATE TABLE inbox (
    scope       text NOT NULL,
    key         text NOT NULL,
    fingerprint text,
    result      json,
    source      text,
    expires_at  timestamptz(3) NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX inbox_expires_at_idx ON inbox (expires_at);

CREATE TABLE dead_letter (
    id             bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    consumer_group text NOT NULL,
    topic          text NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint NOT NULL,
    key            text NOT NULL,
    headers        jsonb NOT NULL,
    value          bytea,
    reason         text NOT NULL,
    state          text NOT NULL CHECK (state IN ('retrying', 'queued', 'dead', 'replayed', 'discarded')),
    attempts       integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at         timestamptz(3),
    created_at     timestamptz(3) NOT NULL DEFAULT now(),
    UNIQUE (consumer_group, topic, partition, "offset")
);
CREATE INDEX dead_letter_waiting_idx ON dead_letter (consumer_group, topic, key, id)
    WHERE state IN ('retrying', 'queued', 'dead');

-- Read models ---------------------------------------------------------------------------------

CREATE TABLE sales_daily (
    day             date NOT NULL,
    currency        char(3) NOT NULL,
    orders          bigint NOT NULL DEFAULT 0,
    amount          bigint NOT NULL DEFAULT 0,
    refunded_amount bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, currency)
);

-- Access and development ----------------------------------------------------------------------

CREATE TABLE api_key (
    key_id      text PRIMARY KEY,
    hash        text NOT NULL,
    role        text NOT NULL CHECK (role IN ('customer', 'service', 'operator')),
    customer_id text,
    created_at  timestamptz(3) NOT NULL DEFAULT now(),
    revoked_at  timestamptz(3),
    CHECK ((role = 'customer') = (customer_id IS NOT NULL))
);

CREATE TABLE fault (
    point    text PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('error', 'refuse', 'crash', 'delay_ms')),
    times    integer NOT NULL CHECK (times >= 0),
    delay_ms integer NOT NULL DEFAULT 0 CHECK (delay_ms >= 0)
);
