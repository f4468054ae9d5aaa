-- Goods that an order holds: RESERVED by its order saga, ALLOCATED by its shipment, until they leave or go back.
-- product.reserved is the sum of the first two.
CREATE TABLE inventory_reservation (
    order_id    text PRIMARY KEY REFERENCES orders (order_id),
    product_sku text NOT NULL REFERENCES product (sku),
    quantity    integer NOT NULL CHECK (quantity > 0),
    state       text NOT NULL CHECK (state IN ('RESERVED', 'ALLOCATED', 'DISPATCHED', 'RELEASED')),
    reserved_at timestamptz(3) NOT NULL
);

CREATE TABLE shipment (
    shipment_id  text PRIMARY KEY,
    order_id     text NOT NULL UNIQUE REFERENCES orders (order_id),
    customer_id  text NOT NULL,
    product_sku  text NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    status       text NOT NULL CHECK (status IN ('REQUESTED', 'DONE', 'FAILED')),
    booking_ref  text,
    failure_code text,
    version      integer NOT NULL CHECK (version > 0),
    requested_at timestamptz(3) NOT NULL,
    CHECK ((status = 'DONE') = (booking_ref IS NOT NULL)),
    CHECK ((status = 'FAILED') = (failure_code IS NOT NULL))
);

-- What a provider was asked for, written before it is asked: so that nobody forgets whom to ask again, or back.
CREATE TABLE provider_charge (
    payment_id     text PRIMARY KEY REFERENCES payment (payment_id),
    order_id       text NOT NULL REFERENCES orders (order_id),
    customer_id    text NOT NULL,
    provider       text NOT NULL,
    key            text NOT NULL UNIQUE,
    amount         bigint NOT NULL CHECK (amount > 0),
    currency       char(3) NOT NULL,
    payment_method text NOT NULL,
    state          text NOT NULL CHECK (state IN ('asked', 'charged', 'refused', 'refunded')),
    charge_ref     text,
    refund_ref     text,
    created_at     timestamptz(3) NOT NULL,
    changed_at     timestamptz(3) NOT NULL,
    CHECK (state <> 'charged' OR charge_ref IS NOT NULL),
    CHECK ((state = 'refunded') = (refund_ref IS NOT NULL))
);
CREATE INDEX provider_charge_order_id_idx ON provider_charge (order_id);
CREATE INDEX provider_charge_created_at_idx ON provider_charge (created_at);

-- What the sweep of unpaid orders looks for.
CREATE INDEX orders_unpaid_idx ON orders (placed_at)
    WHERE status = 'PENDING_PAYMENT' AND collection_method = 'send_invoice';
