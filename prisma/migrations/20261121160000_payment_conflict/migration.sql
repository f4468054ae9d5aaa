-- What was notified last under the payment's id with another content: refused, and kept, so that it is recorded once.
ALTER TABLE payment ADD COLUMN conflict jsonb CHECK (conflict->>'payment_id' = payment_id);
