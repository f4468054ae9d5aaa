-- A product is an aggregate: `version` is that of its last `product.changed`. A row that was there before has no event yet.
-- Its stock and what is reserved of it also move with reservations and shipments, which are not events of the product.
ALTER TABLE product
    ADD COLUMN version integer NOT NULL DEFAULT 0 CHECK (version >= 0),
    DROP CONSTRAINT product_price_check,
    ADD CONSTRAINT product_price_check CHECK (price >= 0);
