-- Health looks at the sagas that have not ended, however many have.
CREATE INDEX saga_open_idx ON saga (created_at) WHERE state NOT IN ('completed', 'compensated');
