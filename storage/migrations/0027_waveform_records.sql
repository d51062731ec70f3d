-- What records of waveforms told of service points, so that every later judgement of a month knows it too.

CREATE TABLE waveform_record (
    service_point text NOT NULL,
    name text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (service_point, name, starts_at)
);
COMMENT ON TABLE waveform_record IS 'Events, flicker, interharmonics and unbalance of a record taken at a point';
COMMENT ON COLUMN waveform_record.name IS 'Of its file';
CREATE INDEX waveform_record_time ON waveform_record (service_point, ends_at);
