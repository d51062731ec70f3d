-- The rest of what is told of a meter that was moved keeps to the time when it hung in the caller's areas too. Sums
-- of a day or month belong to an area when the meter hung there and, in that time, nowhere else.

-- Where else a meter hung is hidden from a connection of some areas: this looks for it, and tells only whether.
CREATE FUNCTION kilowatch_hung_elsewhere(meter integer, areas text[], first timestamptz, after timestamptz)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM installation AS i LEFT JOIN service_point AS p ON p.id = i.service_point
        WHERE i.meter_id = meter AND (p.area = ANY (areas)) IS NOT TRUE
          AND (i.starts_at IS NULL OR i.starts_at < after) AND (i.ends_at IS NULL OR i.ends_at > first)
    )
$$;
COMMENT ON FUNCTION kilowatch_hung_elsewhere IS
    'Whether a meter hung outside of some areas at any time from one instant until before another';

-- Most meters were never moved, and all of what is counted of those is of one place.
CREATE FUNCTION kilowatch_moved_meters() RETURNS SETOF integer LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT meter_id FROM installation GROUP BY meter_id HAVING count(*) > 1
$$;
COMMENT ON FUNCTION kilowatch_moved_meters IS 'Meters that were hung up more than once, by number';

DO $$
DECLARE
    found record;
    -- The policies of installation, meter and service_point hold in here too.
    hung CONSTANT text := 'EXISTS (SELECT 1 FROM installation AS i WHERE i.meter_id = %1$s'
        ' AND (i.starts_at IS NULL OR i.starts_at <= %2$s) AND (i.ends_at IS NULL OR i.ends_at > %2$s))';
    named CONSTANT text := 'EXISTS (SELECT 1 FROM installation AS i JOIN meter AS m USING (meter_id) WHERE m.id = %1$s'
        ' AND (i.starts_at IS NULL OR i.starts_at <= %2$s) AND (i.ends_at IS NULL OR i.ends_at > %2$s))';
    only_there CONSTANT text :=
        'EXISTS (SELECT 1 FROM installation AS i JOIN meter AS m USING (meter_id)'
        ' JOIN service_point AS p ON p.id = i.service_point JOIN area AS a ON a.id = p.area WHERE %1$s'
        ' AND (i.starts_at IS NULL OR i.starts_at < %3$s) AND (i.ends_at IS NULL OR i.ends_at > %2$s)'
        ' AND ((i.starts_at IS NULL OR i.starts_at <= %2$s) AND (i.ends_at IS NULL OR i.ends_at >= %3$s)'
        ' OR NOT kilowatch_hung_elsewhere(i.meter_id, kilowatch_areas(), %2$s, %3$s)))';
BEGIN
    FOR found IN
        SELECT 'voltage_day' AS name,
               format(only_there, 'm.id = voltage_day.meter',
                      'voltage_day.day::timestamp AT TIME ZONE a.zone',
                      '(voltage_day.day + 1)::timestamp AT TIME ZONE a.zone') AS seen
        UNION ALL
        SELECT 'load_month',
               'kind = ''area'' AND subject IN (SELECT id FROM area)'
               ' OR kind = ''service_point'' AND subject IN (SELECT id FROM service_point)'
               ' OR kind = ''meter'' AND '
               || format(only_there, 'm.id = load_month.subject',
                         'load_month.month::timestamp AT TIME ZONE a.zone',
                         '(load_month.month + INTERVAL ''1 month'') AT TIME ZONE a.zone')
        UNION ALL
        SELECT 'coverage_day',
               'meter_id IN (SELECT i.meter_id FROM installation AS i)'
               ' AND (meter_id NOT IN (SELECT moved FROM kilowatch_moved_meters() AS moved) OR '
               || format(only_there, 'i.meter_id = coverage_day.meter_id',
                         'coverage_day.day::timestamp AT TIME ZONE m.zone',
                         '(coverage_day.day + 1)::timestamp AT TIME ZONE m.zone') || ')'
        UNION ALL
        -- What a meter held belongs to the places where it was read first or last.
        SELECT 'meter_parameter',
               format(hung, 'meter_parameter.meter_id', 'meter_parameter.taken_at') || ' OR '
               || format(hung, 'meter_parameter.meter_id', 'meter_parameter.last_at')
        UNION ALL
        SELECT 'read_request', format(named, 'read_request.meter', 'read_request.filed_at')
        UNION ALL
        -- A signal tells its area as of its beginning; one that tells no place belongs to where its meter hung then.
        SELECT 'incident_signal',
               'CASE WHEN area IS NOT NULL THEN area IN (SELECT id FROM area)'
               ' WHEN service_point IS NOT NULL THEN service_point IN (SELECT id FROM service_point) ELSE '
               || format(named, 'incident_signal.meter', 'incident_signal.starts_at') || ' END'
    LOOP
        EXECUTE format('ALTER POLICY own_areas ON %I USING ((SELECT kilowatch_areas()) IS NULL OR (%s))',
                       found.name, found.seen);
    END LOOP;
    FOR found IN
        SELECT 'asked_reading' AS name,
               format(named, 'ANY (asked_reading.meters)', 'asked_reading.asked_at') AS seen
        UNION ALL
        SELECT 'asked_reading_result',
               'EXISTS (SELECT 1 FROM asked_reading AS r WHERE r.asked_id = asked_reading_result.asked_id AND '
               || format(named, 'asked_reading_result.meter', 'r.asked_at') || ')'
        UNION ALL
        SELECT 'episode_change', 'episode IN (SELECT id FROM episode)'
        UNION ALL
        SELECT 'told_episode', 'episode IN (SELECT id FROM episode)'
        UNION ALL
        SELECT 'notification', 'id IN (SELECT b.notification FROM notification_about AS b)'
        UNION ALL
        SELECT 'notification_attempt', 'notification IN (SELECT b.notification FROM notification_about AS b)'
        UNION ALL
        -- Messages of meters that the archive does not have belong to no area.
        SELECT 'unmatched_message', 'false'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', found.name);
        EXECUTE format('CREATE POLICY own_areas ON %I USING ((SELECT kilowatch_areas()) IS NULL OR (%s))',
                       found.name, found.seen);
    END LOOP;
END
$$;
