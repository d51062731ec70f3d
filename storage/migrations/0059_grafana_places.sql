-- Grafana's views by the place where something happened, in local days, and on the customer's side.

-- A finding belongs to its service point; one about a meter alone to where the meter hung when it began.
CREATE OR REPLACE VIEW grafana.episode AS
SELECT e.id, e.starts_at AS time, e.ends_at, e.detected_at, e.meter, p.area, e.detector, e.verdict, e.state,
       e.severity AS severity_rank,
       CASE e.severity WHEN 40 THEN 'critical' WHEN 30 THEN 'major' WHEN 20 THEN 'minor' ELSE 'info' END AS severity,
       e.energy_kwh, e.score
FROM episode AS e
LEFT JOIN LATERAL (
    SELECT i.service_point FROM installation AS i JOIN meter AS m USING (meter_id)
    WHERE m.id = e.meter AND (i.starts_at IS NULL OR i.starts_at <= e.starts_at)
      AND (i.ends_at IS NULL OR i.ends_at > e.starts_at)
    ORDER BY i.starts_at DESC NULLS LAST LIMIT 1
) AS hung ON e.service_point IS NULL
LEFT JOIN service_point AS p ON p.id = coalesce(e.service_point, hung.service_point);

-- A month and a day begin at midnight where the meter is read.
CREATE OR REPLACE VIEW grafana.quality_verdict AS
SELECT q.month::timestamp AT TIME ZONE coalesce(a.zone, m.zone) AS time, q.service_point, m.id AS meter, q.check_name,
       q.subject, q.standard, q.verdict, q.value, q.limit_value, p.area
FROM quality_judgement AS q JOIN meter AS m USING (meter_id)
LEFT JOIN service_point AS p ON p.id = q.service_point
LEFT JOIN area AS a ON a.id = p.area;

CREATE OR REPLACE VIEW grafana.voltage_day AS
SELECT v.day::timestamp AT TIME ZONE coalesce(a.zone, m.zone) AS time, v.meter, hung.area, v.phase, v.qualified_share,
       v.minutes_monitored, v.minutes_over, v.minutes_under, v.highest_v, v.lowest_v, v.coverage
FROM voltage_day AS v JOIN meter AS m ON m.id = v.meter
LEFT JOIN LATERAL (
    SELECT p.area FROM installation AS i JOIN service_point AS p ON p.id = i.service_point
    WHERE i.meter_id = m.meter_id AND (i.starts_at IS NULL OR i.starts_at <= v.day::timestamp AT TIME ZONE m.zone)
      AND (i.ends_at IS NULL OR i.ends_at > v.day::timestamp AT TIME ZONE m.zone)
    ORDER BY i.starts_at DESC NULLS LAST LIMIT 1
) AS hung ON true
LEFT JOIN area AS a ON a.id = hung.area;
