-- Two phases may lose their voltage in one second: which part an event is of belongs to its key.
ALTER TABLE meter_event ADD COLUMN part text NOT NULL DEFAULT '';
ALTER TABLE meter_event DROP CONSTRAINT meter_event_pkey;
ALTER TABLE meter_event ADD PRIMARY KEY (meter_id, starts_at, kind, part);
COMMENT ON COLUMN meter_event.count IS 'how often it had happened with this one, by the meter''s own counter';
