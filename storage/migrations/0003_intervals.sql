-- Intervals (derived, versioned, primary side) and the coverage ledger.

CREATE TABLE interval (
    starts_at timestamptz NOT NULL,
    computed_at timestamptz NOT NULL,
    meter_id integer NOT NULL,
    minutes smallint NOT NULL,
    version smallint NOT NULL,
    quality char(1) NOT NULL,
    method text NOT NULL,
    import_kwh double precision,
    export_kwh double precision,
    import_kvarh double precision,
    export_kvarh double precision,
    q1_kvarh double precision,
    q2_kvarh double precision,
    q3_kvarh double precision,
    q4_kvarh double precision,
    PRIMARY KEY (meter_id, starts_at, minutes, version)
);
COMMENT ON COLUMN interval.quality IS
    'A actual, E estimated, F final substituted, S substituted, N missing, V mixed';

CREATE VIEW interval_current AS
SELECT DISTINCT ON (meter_id, starts_at, minutes) *
FROM interval
ORDER BY meter_id, starts_at, minutes, version DESC;
COMMENT ON VIEW interval_current IS 'The newest version of every interval';

-- Labels stand in the order of pipeline.coverage.RANK: a greater status replaces a smaller one.
CREATE TYPE coverage_status AS ENUM ('missing', 'not stored', 'backfilled', 'late', 'got');

CREATE TABLE coverage (
    slot_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    meter_id integer NOT NULL,
    attempts integer NOT NULL,
    status coverage_status NOT NULL,
    quantity_group text NOT NULL,
    cause text,
    PRIMARY KEY (meter_id, quantity_group, slot_at)
);
