-- A meter that was moved tells each area of its own time only: what was read or found of it belongs to the
-- place where it hung then, and its sums of a day or month to the place where it hung throughout. Its own
-- plate, ratios and parameters go with it.

DO $$
DECLARE
    found record;
    hung CONSTANT text := 'EXISTS (SELECT 1 FROM installation AS i WHERE i.meter_id = %1$s'
        ' AND (i.starts_at IS NULL OR i.starts_at <= %2$s) AND (i.ends_at IS NULL OR i.ends_at > %2$s))';
    throughout CONSTANT text :=
        'EXISTS (SELECT 1 FROM installation AS i JOIN service_point AS p ON p.id = i.service_point'
        ' JOIN area AS a ON a.id = p.area WHERE i.meter_id = %1$s'
        ' AND (i.starts_at IS NULL OR i.starts_at <= %2$s::timestamp AT TIME ZONE a.zone)'
        ' AND (i.ends_at IS NULL OR i.ends_at >= %3$s::timestamp AT TIME ZONE a.zone))';
BEGIN
    FOR found IN
        -- The policy of installation holds in here too.
        SELECT name, format(hung, name || '.meter_id', name || '.' || instant) AS seen
        FROM (VALUES ('hand_read', 'taken_at'), ('reading_conflict', 'taken_at'), ('vee_finding', 'starts_at'),
                     ('forecast', 'starts_at')) AS told (name, instant)
        UNION ALL
        SELECT 'voltage_day',
               format(throughout, '(SELECT m.meter_id FROM meter AS m WHERE m.id = voltage_day.meter)',
                      'voltage_day.day', '(voltage_day.day + 1)')
        UNION ALL
        SELECT 'load_month',
               'kind = ''area'' AND subject IN (SELECT id FROM area)'
               ' OR kind = ''service_point'' AND subject IN (SELECT id FROM service_point)'
               ' OR kind = ''meter'' AND '
               || format(throughout, '(SELECT m.meter_id FROM meter AS m WHERE m.id = load_month.subject)',
                         'load_month.month', '(load_month.month + INTERVAL ''1 month'')')
    LOOP
        EXECUTE format('ALTER POLICY own_areas ON %I USING ((SELECT kilowatch_areas()) IS NULL OR (%s))',
                       found.name, found.seen);
    END LOOP;
END
$$;

ALTER TABLE access_event ADD COLUMN token integer;
COMMENT ON COLUMN access_event.token IS 'The token_id of the program that came with the account''s token; NULL for a person';
