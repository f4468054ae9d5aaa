-- The list of sagas of one state, newest first: without it, the few of a rare state are looked for among all.
CREATE INDEX saga_state_created_at_saga_id_idx ON saga (state, created_at DESC, saga_id DESC);
