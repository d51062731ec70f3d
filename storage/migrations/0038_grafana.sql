-- What Grafana shows: views with names that stay, in a schema of their own. An account made by
-- 'kilowatch db reader' sees these and nothing else: no customers, no accounts, no addresses.
CREATE SCHEMA grafana;
COMMENT ON SCHEMA grafana IS 'Stable views for Grafana; columns are added, never renamed';

CREATE VIEW grafana.meter AS
SELECT DISTINCT ON (m.meter_id)
    m.meter_id, m.id AS meter, i.bus, i.profile, i.service_point, p.area, a.name AS area_name
FROM meter AS m
LEFT JOIN installation AS i ON i.meter_id = m.meter_id
    AND (i.starts_at IS NULL OR i.starts_at <= now()) AND (i.ends_at IS NULL OR i.ends_at > now())
LEFT JOIN service_point AS p ON p.id = i.service_point
LEFT JOIN area AS a ON a.id = p.area
ORDER BY m.meter_id, i.starts_at DESC NULLS LAST;
COMMENT ON VIEW grafana.meter IS 'Each meter where it hangs now';

CREATE VIEW grafana.read AS
SELECT c.slot_at AS time, m.meter, m.bus, m.area, c.quantity_group, c.status::text AS status, c.cause,
       c.status >= 'backfilled' AS arrived
FROM coverage AS c JOIN grafana.meter AS m USING (meter_id);
COMMENT ON VIEW grafana.read IS 'Each scheduled read and what became of it (抄表成功率)';

CREATE VIEW grafana.electrical AS
SELECT r.taken_at AS time, m.id AS meter, r.voltage_a, r.voltage_b, r.voltage_c, r.voltage_ab, r.voltage_bc, r.voltage_ca,
       r.current_a, r.current_b, r.current_c, r.current_n, r.active_power, r.reactive_power, r.power_factor,
       r.frequency, r.voltage_thd_a, r.voltage_thd_b, r.voltage_thd_c, r.temperature, r.clock_offset, r.quality
FROM electrical_reading AS r JOIN meter AS m USING (meter_id);
COMMENT ON VIEW grafana.electrical IS 'Instantaneous values as read, V, A, kW, kvar, Hz, %';

CREATE VIEW grafana.register AS
SELECT r.taken_at AS time, m.id AS meter, r.active_energy_import, r.active_energy_export, r.reactive_energy_import,
       r.reactive_energy_export, r.quality
FROM register_reading AS r JOIN meter AS m USING (meter_id);
COMMENT ON VIEW grafana.register IS 'Registers as read, kWh and kvarh';

CREATE VIEW grafana.energy AS
SELECT i.starts_at AS time, m.id AS meter, i.minutes, i.import_kwh, i.export_kwh,
       i.import_kwh * 60 / i.minutes AS mean_kw, i.quality
FROM interval_current AS i JOIN meter AS m USING (meter_id);
COMMENT ON VIEW grafana.energy IS 'Energy by interval, primary side, kWh, with its quality letter';

CREATE VIEW grafana.episode AS
SELECT e.id, e.starts_at AS time, e.ends_at, e.detected_at, e.meter, m.area, e.detector, e.verdict, e.state,
       e.severity AS severity_rank,
       CASE e.severity WHEN 40 THEN 'critical' WHEN 30 THEN 'major' WHEN 20 THEN 'minor' ELSE 'info' END AS severity,
       e.energy_kwh, e.score
FROM episode AS e LEFT JOIN grafana.meter AS m USING (meter);
COMMENT ON VIEW grafana.episode IS 'What detectors found (异常)';

CREATE VIEW grafana.quality_verdict AS
SELECT q.month::timestamptz AS time, q.service_point, m.id AS meter, q.check_name, q.subject, q.standard, q.verdict,
       q.value, q.limit_value
FROM quality_judgement AS q JOIN meter AS m USING (meter_id);
COMMENT ON VIEW grafana.quality_verdict IS 'Power-quality verdicts of each month (电能质量)';

CREATE VIEW grafana.voltage_day AS
SELECT v.day::timestamptz AS time, v.meter, m.area, v.phase, v.qualified_share, v.minutes_monitored, v.minutes_over,
       v.minutes_under, v.highest_v, v.lowest_v, v.coverage
FROM voltage_day AS v LEFT JOIN grafana.meter AS m USING (meter);
COMMENT ON VIEW grafana.voltage_day IS 'Voltage qualification of each day (电压合格率)';

CREATE VIEW grafana.bus AS
SELECT b.id AS bus, l.owner, l.taken_at, l.expires_at, coalesce(l.expires_at > now(), false) AS owned,
       (SELECT count(*) FROM grafana.meter AS m WHERE m.bus = b.id) AS meters
FROM bus AS b LEFT JOIN bus_lease AS l ON l.bus = b.id;
COMMENT ON VIEW grafana.bus IS 'Each bus and which collector owns it';

CREATE VIEW grafana.read_request AS
SELECT r.filed_at AS time, r.bus, r.meter, r.kind, r.taken_at, r.served_at, r.error IS NOT NULL AS failed
FROM read_request AS r;
COMMENT ON VIEW grafana.read_request IS 'Reads that were asked for';

CREATE VIEW grafana.unmatched AS
SELECT u.last_seen_at AS time, u.reason, u.messages, u.first_seen_at
FROM unmatched_message AS u;
COMMENT ON VIEW grafana.unmatched IS 'Messages that fit nothing, by reason';
