-- Parameters as meters hold them (参数): one row for as long as the same value was read, so that few are kept for ever.
CREATE TABLE meter_parameter (
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    name text NOT NULL,
    taken_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (meter_id, name, taken_at)
);
COMMENT ON COLUMN meter_parameter.taken_at IS 'when the value was read first';
COMMENT ON COLUMN meter_parameter.last_at IS 'when the same value was read last';
