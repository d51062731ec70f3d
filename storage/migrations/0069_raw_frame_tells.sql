-- A payload or a backfill is found by when it came, and may tell of times before a meter was moved.

ALTER TABLE raw_frame ADD COLUMN tells_from timestamptz;
ALTER TABLE raw_frame ADD COLUMN tells_until timestamptz;
COMMENT ON COLUMN raw_frame.tells_from IS 'The first time that it may tell of, where that is not the slot''s; NULL in rows kept before this column';
COMMENT ON COLUMN raw_frame.tells_until IS 'The last such time';
