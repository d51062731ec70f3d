-- Rectification (整改): what follows a violation of power quality until a compliant retest, and who changed what.

CREATE TABLE rectification (
    id text PRIMARY KEY,
    service_point text NOT NULL,
    month date NOT NULL,
    check_name text NOT NULL,
    subject text NOT NULL,
    standard text NOT NULL,
    clause text NOT NULL,
    value double precision,
    unit text NOT NULL,
    limit_value double precision,
    state text NOT NULL CHECK (state IN ('open', 'retest failed', 'closed')),
    opened_at timestamptz NOT NULL,
    due date NOT NULL,
    responsible text NOT NULL,
    measures text NOT NULL,
    first_test jsonb,
    retest jsonb,
    closed_at timestamptz,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
-- A violation that goes on from month to month is put right once.
CREATE UNIQUE INDEX rectification_under_way ON rectification (service_point, check_name, subject, standard)
WHERE state <> 'closed';

CREATE TABLE rectification_change (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rectification text NOT NULL REFERENCES rectification (id),
    at timestamptz NOT NULL,
    person text NOT NULL,
    event text NOT NULL CHECK (event IN ('opened', 'noted', 'retested')),
    detail text NOT NULL
);
CREATE INDEX rectification_change_of ON rectification_change (rectification, number);
COMMENT ON TABLE rectification_change IS 'Lines are added and never changed';
