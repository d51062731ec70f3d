-- What detectors found, what people asked for, and the figures of each day.

CREATE TABLE episode (
    id text PRIMARY KEY,
    detector text NOT NULL,
    version integer NOT NULL,
    meter text NOT NULL,
    service_point text,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    detected_at timestamptz NOT NULL,
    verdict text NOT NULL,
    severity smallint NOT NULL,
    score double precision NOT NULL,
    energy_kwh double precision,
    message text NOT NULL,
    parameters jsonb NOT NULL,
    evidence jsonb NOT NULL,
    -- People's fields: a detector that amends an episode leaves these alone.
    state text NOT NULL DEFAULT 'open',
    assignee text,
    note text,
    decided_at timestamptz,
    amended_at timestamptz NOT NULL DEFAULT now(),
    CHECK (state IN ('open', 'acknowledged', 'confirmed', 'rejected', 'closed'))
);
CREATE INDEX episode_meter ON episode (meter, starts_at);
CREATE INDEX episode_newest ON episode (starts_at DESC);

CREATE TABLE read_request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bus text NOT NULL,
    meter text,
    kind text NOT NULL CHECK (kind IN ('present', 'backfill')),
    starts_at timestamptz,
    ends_at timestamptz,
    quantities text[] NOT NULL,
    filed_by text NOT NULL,
    filed_at timestamptz NOT NULL DEFAULT now(),
    taken_by text,
    taken_at timestamptz,
    served_at timestamptz,
    result jsonb,
    error text
);
CREATE INDEX read_request_waiting ON read_request (bus, id) WHERE served_at IS NULL;

CREATE TABLE load_day (
    service_point text NOT NULL,
    day date NOT NULL,
    max_kw double precision,
    max_at timestamptz,
    min_kw double precision,
    mean_kw double precision,
    energy_kwh double precision,
    load_factor double precision,
    coverage double precision NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service_point, day)
);

CREATE TABLE voltage_day (
    meter text NOT NULL,
    day date NOT NULL,
    phase text NOT NULL,
    qualified_share double precision,
    minutes_monitored double precision NOT NULL,
    minutes_over double precision NOT NULL,
    minutes_under double precision NOT NULL,
    highest_v double precision,
    highest_at timestamptz,
    lowest_v double precision,
    lowest_at timestamptz,
    coverage double precision NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (meter, day, phase)
);

-- How long each table is kept; NULL is for ever. Set with storage.retention, never by hand.
CREATE TABLE retention (
    table_name text PRIMARY KEY,
    keep interval
);
INSERT INTO retention (table_name) VALUES
    ('register_reading'), ('electrical_reading'), ('spectrum_reading'), ('meter_event'), ('interval'), ('coverage');
