-- When a stuck step is tried next. Only a step that is stuck has it: its state says whether it or its compensation is.
ALTER TABLE saga_step ADD COLUMN next_attempt_at timestamptz(3);
