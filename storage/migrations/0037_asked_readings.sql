-- Readings that people ask for (随抄), and which critical episodes were told to the flows' server.

CREATE TABLE asked_reading (
    asked_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    meters text[] NOT NULL CHECK (cardinality(meters) > 0),
    flow_run uuid,
    requests bigint[] NOT NULL DEFAULT '{}',
    why text NOT NULL DEFAULT ''
);
CREATE INDEX asked_reading_at ON asked_reading (asked_at);
COMMENT ON TABLE asked_reading IS 'Who wanted which meters read at once, and who does it';
COMMENT ON COLUMN asked_reading.meters IS 'Ids as in meter.id';
COMMENT ON COLUMN asked_reading.flow_run IS 'The run of the flow remote_reading that reads them; NULL without one';
COMMENT ON COLUMN asked_reading.requests IS 'Where no flow could be started: the lines of read_request, by meter';
COMMENT ON COLUMN asked_reading.why IS 'Why no flow could be started';

CREATE TABLE asked_reading_result (
    asked_id bigint NOT NULL REFERENCES asked_reading (asked_id) ON DELETE CASCADE,
    meter text NOT NULL,
    told jsonb NOT NULL,
    PRIMARY KEY (asked_id, meter)
);
COMMENT ON COLUMN asked_reading_result.told IS 'What the meter said, or why it said nothing';

CREATE TABLE told_episode (
    episode text PRIMARY KEY REFERENCES episode (id) ON DELETE CASCADE,
    told_at timestamptz NOT NULL
);
COMMENT ON TABLE told_episode IS 'Critical episodes of which an event was sent to the flows'' server';
-- What was critical before is known to its readers by now.
INSERT INTO told_episode (episode, told_at) SELECT id, now() FROM episode WHERE severity >= 40;
