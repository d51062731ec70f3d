-- The days of meters whose zone changes are counted again in one go, when the transaction ends: an import changes
-- meters one by one, and until now the first of them kept collectors from writing to the ledger until the last was
-- counted and the import had ended.

CREATE TABLE coverage_rezone (
    meter_id integer PRIMARY KEY
);
COMMENT ON TABLE coverage_rezone IS 'Meters whose zone the open transaction has changed; empty when it has ended';

CREATE FUNCTION coverage_day_rezone_later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO coverage_rezone (meter_id) VALUES (NEW.meter_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
DROP TRIGGER coverage_day_zone ON meter;
CREATE TRIGGER coverage_day_zone AFTER UPDATE OF zone ON meter
FOR EACH ROW WHEN (OLD.zone IS DISTINCT FROM NEW.zone) EXECUTE FUNCTION coverage_day_rezone_later();

-- It is called once a meter; the first call counts all of them. Meanwhile nobody may write to the ledger, or lines not
-- committed yet would stay on the days of the old zone.
CREATE OR REPLACE FUNCTION coverage_day_rezone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM coverage_rezone) THEN
        RETURN NULL;
    END IF;
    LOCK TABLE coverage IN SHARE MODE;
    DELETE FROM coverage_day AS kept USING coverage_rezone AS changed WHERE changed.meter_id = kept.meter_id;
    INSERT INTO coverage_day (meter_id, day, quantity_group, status, cause, reads, newest_slot_at)
    SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status, coalesce(c.cause, ''),
           count(*), max(c.slot_at)
    FROM coverage_rezone AS changed JOIN meter AS m USING (meter_id) JOIN coverage AS c USING (meter_id)
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;
    DELETE FROM coverage_rezone;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER coverage_day_rezoned AFTER INSERT ON coverage_rezone DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION coverage_day_rezone();
