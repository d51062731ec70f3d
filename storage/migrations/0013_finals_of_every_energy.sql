-- Finals of every energy, edits by persons, and what the rules of validation found.

DROP VIEW interval_final;
ALTER TABLE interval ADD COLUMN letters text;
COMMENT ON COLUMN interval.letters IS
    'A letter for each energy in the order of its columns; NULL where all are quality, or V where import is missing';
CREATE OR REPLACE VIEW interval_current AS
SELECT DISTINCT ON (meter_id, starts_at, minutes) *
FROM interval
ORDER BY meter_id, starts_at, minutes, version DESC;

ALTER TABLE final_interval ADD COLUMN energy text NOT NULL DEFAULT 'import_kwh';
ALTER TABLE final_interval RENAME COLUMN import_kwh TO value;
ALTER TABLE final_interval ADD COLUMN edited boolean NOT NULL DEFAULT false;
ALTER TABLE final_interval ADD COLUMN replaced double precision;
ALTER TABLE final_interval ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE final_interval DROP CONSTRAINT final_interval_pkey;
ALTER TABLE final_interval ADD PRIMARY KEY (meter_id, starts_at, minutes, energy, version);
COMMENT ON COLUMN final_interval.energy IS 'The column of interval that it stands in for';
COMMENT ON COLUMN final_interval.edited IS 'A person''s: it stands until a person withdraws it, whatever comes later';
COMMENT ON COLUMN final_interval.replaced IS 'What counted before a person''s edit';
COMMENT ON COLUMN final_interval.note IS 'Why a person edited or withdrew it, in their words';

CREATE VIEW interval_final AS
SELECT
    i.starts_at,
    i.meter_id,
    i.minutes,
    e.energy,
    coalesce(f.quality::text, e.raw_quality) AS quality,
    CASE WHEN f.version IS NULL THEN e.raw_value ELSE f.value END AS value,
    e.raw_quality,
    e.raw_value,
    i.method AS raw_method,
    i.version AS raw_version,
    f.version AS final_version,
    coalesce(f.method, '') AS method,
    coalesce(f.reason, '') AS reason,
    coalesce(f.author, '') AS author,
    coalesce(f.note, '') AS note,
    f.made_at
FROM interval_current AS i
CROSS JOIN LATERAL (
    SELECT
        given.energy,
        given.raw_value,
        CASE
            WHEN given.raw_value IS NULL THEN 'N'
            WHEN i.letters IS NOT NULL THEN substr(i.letters, given.place, 1)
            WHEN i.quality = 'N' AND given.energy <> 'import_kwh' THEN 'V'
            ELSE i.quality::text
        END AS raw_quality
    FROM (VALUES
        (1, 'import_kwh', i.import_kwh),
        (2, 'export_kwh', i.export_kwh),
        (3, 'import_kvarh', i.import_kvarh),
        (4, 'export_kvarh', i.export_kvarh),
        (5, 'q1_kvarh', i.q1_kvarh),
        (6, 'q2_kvarh', i.q2_kvarh),
        (7, 'q3_kvarh', i.q3_kvarh),
        (8, 'q4_kvarh', i.q4_kvarh)
    ) AS given (place, energy, raw_value)
) AS e
LEFT JOIN LATERAL (
    SELECT * FROM final_interval AS made
    WHERE made.meter_id = i.meter_id AND made.starts_at = i.starts_at AND made.minutes = i.minutes
    AND made.energy = e.energy
    ORDER BY made.version DESC LIMIT 1
) AS f ON f.edited OR f.raw_version = i.version
WHERE e.energy = 'import_kwh' OR e.raw_value IS NOT NULL OR f.version IS NOT NULL;
COMMENT ON VIEW interval_final IS 'Raw and final value of each energy side by side; the final one counts for bills';

CREATE TABLE vee_finding (
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    rule text NOT NULL,
    energy text NOT NULL,
    starts_at timestamptz NOT NULL,
    minutes smallint NOT NULL,
    slots integer NOT NULL,
    expected text NOT NULL,
    came text NOT NULL,
    found_at timestamptz NOT NULL,
    gone_at timestamptz,
    PRIMARY KEY (meter_id, rule, energy, starts_at)
);
CREATE INDEX vee_finding_open ON vee_finding (starts_at) WHERE gone_at IS NULL;
COMMENT ON COLUMN vee_finding.rule IS 'A name of pipeline.validation.RULES, or hand_read';
COMMENT ON COLUMN vee_finding.energy IS 'A column of interval; of hand_read the register';
COMMENT ON COLUMN vee_finding.minutes IS 'Length of a slot; 0 for a finding about an instant';
COMMENT ON COLUMN vee_finding.gone_at IS 'When a later run no longer found it; NULL while it stands';

ALTER TABLE contract ADD COLUMN settlement_day smallint CHECK (settlement_day BETWEEN 1 AND 28);
COMMENT ON COLUMN contract.settlement_day IS 'Day at whose 00:00 the month''s account closes; NULL is the 1st';

-- Totalising groups (总加组), and how gaps are estimated. Mirrors pipeline/vee_records.py.

CREATE TABLE total (
    id text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE total_member (
    total text NOT NULL REFERENCES total (id),
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    sense text NOT NULL CHECK (sense IN ('add', 'subtract')),
    starts_at timestamptz,
    ends_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (total, meter_id, starts_at)
);

CREATE TABLE load_profile (
    id text PRIMARY KEY,
    working_day double precision[] NOT NULL,
    day_off double precision[] NOT NULL
);

CREATE TABLE estimation (
    id text PRIMARY KEY,
    service_point text REFERENCES service_point (id),
    category text,
    rules text[] NOT NULL,
    profile text REFERENCES load_profile (id),
    starts_at timestamptz,
    ends_at timestamptz
);

CREATE TABLE temperature (
    area text NOT NULL REFERENCES area (id),
    day date NOT NULL,
    mean_c double precision NOT NULL,
    PRIMARY KEY (area, day)
);
COMMENT ON COLUMN temperature.mean_c IS 'Mean outdoor temperature of the local day, degrees Celsius';

INSERT INTO retention (table_name) VALUES ('final_interval');

-- level: community
ALTER TABLE final_interval SET (timescaledb.compress, timescaledb.compress_segmentby = 'meter_id', timescaledb.compress_orderby = 'starts_at, minutes, energy, version');
SELECT add_compression_policy('final_interval', INTERVAL '60 days');
