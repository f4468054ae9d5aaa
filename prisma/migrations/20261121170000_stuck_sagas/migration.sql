-- What the alarm counts at each scrape: as small as the trouble is.
CREATE INDEX saga_stuck_idx ON saga (type) WHERE state = 'stuck';
