-- The coverage ledger added up by local day (the meter's zone), so that pages about the whole fleet read a few rows
-- a meter instead of every slot. Triggers keep it equal to the ledger, whoever writes there.

CREATE TABLE coverage_day (
    meter_id integer NOT NULL,
    day date NOT NULL,
    quantity_group text NOT NULL,
    status coverage_status NOT NULL,
    cause text NOT NULL,
    reads integer NOT NULL,
    newest_slot_at timestamptz NOT NULL,
    PRIMARY KEY (meter_id, day, quantity_group, status, cause)
) WITH (fillfactor = 70);
CREATE INDEX coverage_day_day ON coverage_day (day);
COMMENT ON COLUMN coverage_day.cause IS 'Empty where the ledger has none';
COMMENT ON COLUMN coverage_day.newest_slot_at IS
    'The newest slot that ever had this status: of a day''s rows with reads the newest, at last the highest status, '
    'tells how the newest slot ended';

-- Rows are added in one order, so that two writers never wait for one another.
CREATE FUNCTION coverage_day_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO coverage_day AS kept (meter_id, day, quantity_group, status, cause, reads, newest_slot_at)
    SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status, coalesce(c.cause, ''),
           count(*), max(c.slot_at)
    FROM fresh AS c JOIN meter AS m USING (meter_id)
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (meter_id, day, quantity_group, status, cause) DO UPDATE
    SET reads = kept.reads + excluded.reads,
        newest_slot_at = greatest(kept.newest_slot_at, excluded.newest_slot_at);
    RETURN NULL;
END $$;

CREATE FUNCTION coverage_day_discount() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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

CREATE TRIGGER coverage_day_inserted AFTER INSERT ON coverage
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION coverage_day_count();
CREATE TRIGGER coverage_day_updated AFTER UPDATE ON coverage
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION coverage_day_count();
CREATE TRIGGER coverage_day_updated_from AFTER UPDATE ON coverage
REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION coverage_day_discount();
-- level: plain, apache
CREATE TRIGGER coverage_day_deleted AFTER DELETE ON coverage
REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION coverage_day_discount();
-- level: community
-- TimescaleDB gives no transition table of deleted rows beside compression: they are counted one by one. Whole
-- chunks go without triggers; storage/retention.py and the policy's flow take their days out themselves.
CREATE FUNCTION coverage_day_discount_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE coverage_day AS kept SET reads = kept.reads - 1
    FROM meter AS m
    WHERE m.meter_id = OLD.meter_id AND kept.meter_id = OLD.meter_id
      AND kept.day = (OLD.slot_at AT TIME ZONE m.zone)::date AND kept.quantity_group = OLD.quantity_group
      AND kept.status = OLD.status AND kept.cause = coalesce(OLD.cause, '');
    RETURN NULL;
END $$;
CREATE TRIGGER coverage_day_deleted AFTER DELETE ON coverage
FOR EACH ROW EXECUTE FUNCTION coverage_day_discount_one();
-- level: all

INSERT INTO coverage_day (meter_id, day, quantity_group, status, cause, reads, newest_slot_at)
SELECT c.meter_id, (c.slot_at AT TIME ZONE m.zone)::date, c.quantity_group, c.status, coalesce(c.cause, ''),
       count(*), max(c.slot_at)
FROM coverage AS c JOIN meter AS m USING (meter_id)
GROUP BY 1, 2, 3, 4, 5;
