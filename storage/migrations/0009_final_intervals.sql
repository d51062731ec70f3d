-- What stands in for raw intervals (VEE): versions beside the raw ones, which stay as they were measured.
-- A row counts only while it was made from the newest raw version: a late actual replaces it by being there.

CREATE TABLE final_interval (
    starts_at timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    meter_id integer NOT NULL,
    minutes smallint NOT NULL,
    version smallint NOT NULL,
    raw_version smallint NOT NULL,
    quality char(1) NOT NULL,
    method text NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    import_kwh double precision,
    PRIMARY KEY (meter_id, starts_at, minutes, version)
);
COMMENT ON COLUMN final_interval.method IS 'How it was made; empty where the raw interval stands again';
COMMENT ON COLUMN final_interval.reason IS 'Why the raw interval does not stand: a key of pipeline.vee.REASONS';

-- level: community, apache
SELECT create_hypertable('final_interval', by_range('starts_at', INTERVAL '30 days'), create_default_indexes => FALSE);
-- level: all

CREATE VIEW interval_final AS
SELECT
    i.starts_at,
    i.meter_id,
    i.minutes,
    coalesce(f.quality, i.quality) AS quality,
    CASE WHEN f.version IS NULL THEN i.import_kwh ELSE f.import_kwh END AS import_kwh,
    i.quality AS raw_quality,
    i.import_kwh AS raw_kwh,
    i.method AS raw_method,
    i.version AS raw_version,
    f.version AS final_version,
    coalesce(f.method, '') AS method,
    coalesce(f.reason, '') AS reason,
    coalesce(f.author, '') AS author,
    f.made_at
FROM interval_current AS i
LEFT JOIN LATERAL (
    SELECT * FROM final_interval AS made
    WHERE made.meter_id = i.meter_id AND made.starts_at = i.starts_at AND made.minutes = i.minutes
    ORDER BY made.version DESC LIMIT 1
) AS f ON f.raw_version = i.version;
COMMENT ON VIEW interval_final IS 'Raw and final interval side by side; the final one counts for bills';
