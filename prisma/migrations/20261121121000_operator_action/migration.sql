-- What people did past the normal course of things, written in the transaction of the act itself.

CREATE TABLE operator_action (
    operator_action_id text PRIMARY KEY,
    at                 timestamptz(3) NOT NULL,
    actor              text NOT NULL CHECK (actor <> ''),
    action             text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    subject            text NOT NULL CHECK (subject <> ''),
    reason             text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    details            jsonb NOT NULL
);
CREATE INDEX operator_action_subject_at_idx ON operator_action (subject, at);

CREATE TRIGGER operator_action_append_only BEFORE UPDATE OR DELETE ON operator_action
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
