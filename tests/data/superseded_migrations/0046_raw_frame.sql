-- The bytes behind readings (原始报文), for as long as the retention of this table says: what was asked and answered
-- on a bus in one read, or one MQTT message. Found by when the reading was received; it is no truth of its own.

CREATE TABLE raw_frame (
    received_at timestamptz NOT NULL,
    slot_at timestamptz,
    source text NOT NULL,
    meters text[] NOT NULL,
    what text[] NOT NULL,
    sent_at timestamptz[] NOT NULL,
    answered_at timestamptz[] NOT NULL,
    asked bytea[] NOT NULL,
    answered bytea[] NOT NULL
);
CREATE INDEX raw_frame_received_at ON raw_frame (received_at);
COMMENT ON COLUMN raw_frame.source IS 'The bus, or the topic';
COMMENT ON COLUMN raw_frame.what IS 'One element for each exchange: the question''s name';
INSERT INTO retention (table_name, keep) VALUES ('raw_frame', INTERVAL '7 days') ON CONFLICT DO NOTHING;

-- level: community, apache
SELECT create_hypertable('raw_frame', by_range('received_at', INTERVAL '1 day'), create_default_indexes => FALSE);

-- level: community
SELECT add_retention_policy('raw_frame', INTERVAL '7 days');
