-- What stands in for slots that no meter tells of is stated on both sides of a line loss.

ALTER TABLE area_day ADD COLUMN filled_in_kwh double precision;
COMMENT ON COLUMN area_day.filled_in_kwh IS 'of the energy in, what stands in for missing slots of supply meters';
COMMENT ON COLUMN area_day.filled_kwh IS 'of the energy out, what stands in for missing members and missing slots';
