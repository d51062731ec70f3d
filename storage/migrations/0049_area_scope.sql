-- Row-level security on the ordinary tables: whoever reads for some areas gets no row of another, whatever the
-- query says. It holds for connections that have taken the role kilowatch_scoped and named their areas in the
-- setting kilowatch.areas (storage/area_scope.py); the owner of the tables, who collects and analyses, is not
-- held up. Hypertables are outside (TimescaleDB refuses it beside compression): there the scope is an argument.

CREATE FUNCTION kilowatch_areas() RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('kilowatch.areas', true), '')::text[]
$$;
COMMENT ON FUNCTION kilowatch_areas IS 'The areas that the connection reads for; NULL for all';

DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT unnest(ARRAY['service_point', 'area_member', 'area_day', 'area_loss', 'temperature']) AS name,
               'area = ANY ((SELECT kilowatch_areas())::text[])' AS seen
        UNION ALL
        SELECT 'area', 'id = ANY ((SELECT kilowatch_areas())::text[])'
        UNION ALL
        SELECT unnest(ARRAY['installation', 'contract', 'suspension', 'supply', 'work_order', 'market_energy', 'bill',
                            'interim_bill', 'quality_judgement', 'rectification', 'waveform_record', 'load_day']),
               -- The policy of service_point holds in here too.
               'service_point IN (SELECT id FROM service_point)'
        UNION ALL
        -- Terms that name no service point hold for all.
        SELECT unnest(ARRAY['estimation', 'threshold']),
               'service_point IS NULL OR service_point IN (SELECT id FROM service_point)'
        UNION ALL
        SELECT 'transformer', 'area IN (SELECT id FROM area) OR service_point IN (SELECT id FROM service_point)'
        UNION ALL
        -- A meter is seen by whoever sees a place where it ever hung.
        SELECT 'meter', 'meter_id IN (SELECT meter_id FROM installation)'
        UNION ALL
        SELECT unnest(ARRAY['ratio', 'meter_parameter', 'hand_read', 'vee_finding', 'forecast', 'reading_conflict',
                            'total_member', 'coverage_day']),
               'meter_id IN (SELECT meter_id FROM meter)'
        UNION ALL
        SELECT unnest(ARRAY['voltage_day', 'read_request']), 'meter IN (SELECT id FROM meter)'
        UNION ALL
        SELECT 'load_month',
               'kind = ''area'' AND subject IN (SELECT id FROM area)'
               ' OR kind = ''service_point'' AND subject IN (SELECT id FROM service_point)'
               ' OR kind = ''meter'' AND subject IN (SELECT id FROM meter)'
        UNION ALL
        -- A finding about a meter alone belongs to the place where the meter hung when it began.
        SELECT 'episode',
               'service_point IN (SELECT id FROM service_point) OR service_point IS NULL AND EXISTS ('
               'SELECT 1 FROM installation AS i JOIN meter AS m USING (meter_id) WHERE m.id = episode.meter'
               ' AND (i.starts_at IS NULL OR i.starts_at <= episode.starts_at)'
               ' AND (i.ends_at IS NULL OR i.ends_at > episode.starts_at))'
        UNION ALL
        SELECT 'episode_feedback', 'episode IN (SELECT id FROM episode)'
        UNION ALL
        -- A case is shown to whoever may see all of it.
        SELECT 'inspection_case',
               '(SELECT count(*) FROM episode AS e WHERE e.id = ANY (episodes)) = cardinality(episodes)'
        UNION ALL
        SELECT 'incident', 'areas && (SELECT kilowatch_areas())'
        UNION ALL
        SELECT 'incident_signal',
               'area IN (SELECT id FROM area) OR service_point IN (SELECT id FROM service_point)'
               ' OR meter IN (SELECT id FROM meter)'
        UNION ALL
        SELECT 'notification_about', 'incident IN (SELECT id FROM incident)'
        UNION ALL
        SELECT 'rectification_change', 'rectification IN (SELECT id FROM rectification)'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', found.name);
        EXECUTE format('CREATE POLICY own_areas ON %I USING ((SELECT kilowatch_areas()) IS NULL OR (%s))',
                       found.name, found.seen);
    END LOOP;
END
$$;

-- These two read ordinary tables only, so they are read with the rights of whoever asks.
ALTER VIEW bill_given_out SET (security_invoker = true);
ALTER VIEW bill_current SET (security_invoker = true);
