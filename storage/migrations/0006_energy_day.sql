-- Energy of each local day (Asia/Shanghai) from the newest versions of the intervals, primary side.

-- level: community
CREATE MATERIALIZED VIEW interval_slot
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    meter_id,
    minutes,
    time_bucket(INTERVAL '1 minute', starts_at) AS slot_at,
    last(import_kwh, version) AS import_kwh,
    last(export_kwh, version) AS export_kwh
FROM interval
GROUP BY meter_id, minutes, time_bucket(INTERVAL '1 minute', starts_at)
WITH NO DATA;

CREATE MATERIALIZED VIEW energy_day
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    meter_id,
    minutes,
    time_bucket(INTERVAL '1 day', slot_at, 'Asia/Shanghai') AS day_starts_at,
    sum(import_kwh) AS import_kwh,
    sum(export_kwh) AS export_kwh,
    count(import_kwh) AS slots_known,
    count(*) AS slots
FROM interval_slot
GROUP BY meter_id, minutes, time_bucket(INTERVAL '1 day', slot_at, 'Asia/Shanghai')
WITH NO DATA;

SELECT add_continuous_aggregate_policy('interval_slot',
    start_offset => INTERVAL '70 days', end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '1 hour');
SELECT add_continuous_aggregate_policy('energy_day',
    start_offset => INTERVAL '70 days', end_offset => INTERVAL '1 day', schedule_interval => INTERVAL '1 hour');

-- level: apache, plain
CREATE VIEW energy_day AS
SELECT
    meter_id,
    minutes,
    date_trunc('day', starts_at, 'Asia/Shanghai') AS day_starts_at,
    sum(import_kwh) AS import_kwh,
    sum(export_kwh) AS export_kwh,
    count(import_kwh) AS slots_known,
    count(*) AS slots
FROM interval_current
GROUP BY meter_id, minutes, date_trunc('day', starts_at, 'Asia/Shanghai');
