-- Accounts of the pages and of the API: who may come in, see and write, and a record of what they did.

CREATE TABLE account (
    account_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    full_name text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'engineer', 'administrator')),
    areas text[] CHECK (cardinality(areas) > 0),
    password_hash text NOT NULL,
    password_set_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
COMMENT ON COLUMN account.areas IS 'The areas that it sees; NULL for all, also those that have no area';
COMMENT ON COLUMN account.password_hash IS 'argon2id with its parameters and salt';

CREATE TABLE account_session (
    session_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    account_id integer NOT NULL REFERENCES account (account_id),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    address text NOT NULL,
    agent text NOT NULL
);
CREATE INDEX account_session_account ON account_session (account_id);
CREATE INDEX account_session_expiry ON account_session (expires_at);
COMMENT ON COLUMN account_session.token_hash IS 'SHA-256 of the cookie, which stands nowhere';

CREATE TABLE api_token (
    token_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    account_id integer NOT NULL REFERENCES account (account_id),
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'engineer', 'administrator')),
    areas text[] CHECK (cardinality(areas) > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_token_account ON api_token (account_id);
COMMENT ON COLUMN api_token.areas IS 'NULL for all that its owner sees; role and areas never go beyond the owner''s';

CREATE TABLE login_failure (
    subject text PRIMARY KEY,
    failures integer NOT NULL CHECK (failures > 0),
    last_at timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);
COMMENT ON COLUMN login_failure.subject IS '"account NAME" or "address ADDRESS"';

CREATE TABLE access_event (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    event text NOT NULL,
    account text NOT NULL,
    address text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX access_event_at ON access_event (at);
CREATE INDEX access_event_account ON access_event (account, number);
COMMENT ON TABLE access_event IS 'Lines are added and never changed: a trigger refuses it';
COMMENT ON COLUMN access_event.account IS 'Who did it: an account, or user@host of the command; empty when nobody came in';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'lines of % are added and never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER access_event_stays BEFORE UPDATE OR DELETE ON access_event
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_event_is_not_emptied BEFORE TRUNCATE ON access_event
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
