-- A fault hits each of its passes with this probability. A pass that it spares counts as well.
ALTER TABLE fault
    ADD COLUMN probability double precision NOT NULL DEFAULT 1 CHECK (probability > 0 AND probability <= 1);
