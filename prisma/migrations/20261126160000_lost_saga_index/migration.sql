-- What the alarm for lost workflows counts at each scrape: as small as the trouble is.
CREATE INDEX saga_lost_idx ON saga (type) WHERE lost_at IS NOT NULL AND state NOT IN ('completed', 'compensated');
