-- What people did with episodes, line by line, and a count by which two who work on one at once are told apart.

ALTER TABLE episode ADD COLUMN revision integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN episode.revision IS 'How often people changed it; a detector that amends it does not count';

CREATE TABLE episode_change (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    episode text NOT NULL REFERENCES episode (id),
    at timestamptz NOT NULL,
    person text NOT NULL,
    deed text NOT NULL CHECK (deed IN
        ('acknowledged', 'assigned', 'noted', 'closed', 'reopened', 'confirmed', 'rejected')),
    detail text NOT NULL
);
CREATE INDEX episode_change_of ON episode_change (episode, number);
COMMENT ON TABLE episode_change IS 'Lines are added and never changed';

CREATE INDEX episode_unfinished ON episode (state, starts_at DESC) WHERE state IN ('open', 'acknowledged');
