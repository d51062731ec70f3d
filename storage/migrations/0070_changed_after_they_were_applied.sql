-- What 0033, 0034 and 0046 were given after databases had been made with them. The files are again as they were first
-- applied; here a database of either kind becomes the same as a new one (storage/superseded_migrations.py).

ALTER TABLE forecast ADD COLUMN IF NOT EXISTS month_so_far_coverage double precision;
ALTER TABLE forecast DROP CONSTRAINT IF EXISTS forecast_month_so_far_coverage_check;
ALTER TABLE forecast ADD CONSTRAINT forecast_month_so_far_coverage_check CHECK (month_so_far_coverage BETWEEN 0 AND 1);
COMMENT ON COLUMN forecast.month_so_far_coverage IS 'Share of the month''s slots so far that were measured; NULL where none was over or nobody kept it';

-- The days of meters whose zone changed while nothing counted them again. Where the trigger below was there, all did.
DO $$
BEGIN
    LOCK TABLE coverage IN SHARE MODE;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'meter'::regclass AND tgname = 'coverage_day_zone') THEN
        DELETE FROM coverage_day;
        INSERT INTO coverage_day (meter_id, day, quantity_group, status, cause, reads, newest_slot_at)
        SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status, coalesce(c.cause, ''),
               count(*), max(c.slot_at)
        FROM coverage AS c JOIN meter AS m USING (meter_id)
        GROUP BY 1, 2, 3, 4, 5;
    END IF;
END $$;

-- Each of the functions takes its rows in the order of the key, those it adds to and those it takes from alike: two
-- writers that each insert, update or delete lines do not wait for one another. (A statement that both inserts and
-- updates takes its rows in two turns.)
CREATE OR REPLACE FUNCTION coverage_day_recount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO coverage_day AS kept (meter_id, day, quantity_group, status, cause, reads, newest_slot_at)
    SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status, coalesce(c.cause, ''),
           sum(c.reads), max(c.slot_at)
    FROM (
        SELECT meter_id, slot_at, quantity_group, status, cause, 1 AS reads FROM fresh
        UNION ALL
        SELECT meter_id, slot_at, quantity_group, status, cause, -1 FROM stale
    ) AS c JOIN meter AS m USING (meter_id)
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (meter_id, day, quantity_group, status, cause) DO UPDATE
    SET reads = kept.reads + excluded.reads,
        newest_slot_at = greatest(kept.newest_slot_at, excluded.newest_slot_at);
    RETURN NULL;
END $$;
DROP TRIGGER coverage_day_updated ON coverage;
DROP TRIGGER IF EXISTS coverage_day_updated_from ON coverage;
CREATE TRIGGER coverage_day_updated AFTER UPDATE ON coverage
REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION coverage_day_recount();

-- A meter's days are those of its zone: with another zone they are counted again. Meanwhile nobody may write to the
-- ledger, or lines not committed yet would stay on the days of the old zone.
CREATE OR REPLACE FUNCTION coverage_day_rezone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE coverage IN SHARE MODE;
    DELETE FROM coverage_day WHERE meter_id = NEW.meter_id;
    INSERT INTO coverage_day (meter_id, day, quantity_group, status, cause, reads, newest_slot_at)
    SELECT c.meter_id, (c.slot_at AT TIME ZONE NEW.zone)::date, c.quantity_group, c.status,
           coalesce(c.cause, ''), count(*), max(c.slot_at)
    FROM coverage AS c WHERE c.meter_id = NEW.meter_id
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS coverage_day_zone ON meter;
CREATE TRIGGER coverage_day_zone AFTER UPDATE OF zone ON meter
FOR EACH ROW WHEN (OLD.zone IS DISTINCT FROM NEW.zone) EXECUTE FUNCTION coverage_day_rezone();

-- level: plain, apache
CREATE OR REPLACE FUNCTION coverage_day_discount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM coverage_day AS kept
    WHERE EXISTS (
        SELECT FROM stale AS c JOIN meter AS m USING (meter_id)
        WHERE (kept.meter_id, kept.day, kept.quantity_group, kept.status, kept.cause)
            = (c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status, coalesce(c.cause, ''))
    )
    ORDER BY meter_id, day, quantity_group, status, cause FOR NO KEY UPDATE;
    UPDATE coverage_day AS kept SET reads = kept.reads - gone.reads
    FROM (
        SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date AS day, c.quantity_group, c.status,
               coalesce(c.cause, '') AS cause, count(*) AS reads
        FROM stale AS c JOIN meter AS m USING (meter_id)
        GROUP BY 1, 2, 3, 4, 5
    ) AS gone
    WHERE (kept.meter_id, kept.day, kept.quantity_group, kept.status, kept.cause)
        = (gone.meter_id, gone.day, gone.quantity_group, gone.status, gone.cause);
    RETURN NULL;
END $$;
-- level: community
-- There deleted rows are counted one by one, by another function, in the order in which they go.
DROP FUNCTION IF EXISTS coverage_day_discount();
