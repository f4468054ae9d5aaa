-- While an operator's replay of a dead letter is under way: the state it was replayed from. A letter that the replay
-- applies stays, as 'replayed'; one that fails goes back to 'dead' where it was dead.
ALTER TABLE dead_letter ADD COLUMN replayed_from text CHECK (replayed_from IN ('retrying', 'dead'));
