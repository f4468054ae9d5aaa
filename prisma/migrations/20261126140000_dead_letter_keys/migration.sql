-- A message's key is anybody's text of any length, and an index entry is not: a hash stands for it. Two keys with
-- one hash only wait for each other.
DROP INDEX dead_letter_waiting_idx;
CREATE INDEX dead_letter_waiting_idx ON dead_letter (consumer_group, topic, hashtextextended(key, 0), id)
    WHERE state IN ('retrying', 'queued', 'dead');
