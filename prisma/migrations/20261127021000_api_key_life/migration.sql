-- The life of an API key: its label, when it expires, when it was last used (to the minute), and which key replaced it.
ALTER TABLE api_key
    ADD COLUMN label text,
    ADD COLUMN expires_at timestamptz(3),
    ADD COLUMN last_used_at timestamptz(3),
    ADD COLUMN replaced_by text REFERENCES api_key (key_id);
