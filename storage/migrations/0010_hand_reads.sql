-- Reads taken by hand (抄表机, 手工抄表): they wait until a second person approves them. Rows are never deleted.

CREATE TABLE hand_read (
    batch text NOT NULL,
    place integer NOT NULL,
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    taken_at timestamptz NOT NULL,
    registers jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'refused')),
    file text NOT NULL,
    imported_by text[] NOT NULL,
    imported_at timestamptz NOT NULL,
    decided_by text[],
    decided_at timestamptz,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (batch, place),
    CHECK ((state = 'pending') = (decided_at IS NULL))
);
COMMENT ON COLUMN hand_read.batch IS 'Digest of the file: the same file again is the same batch';
COMMENT ON COLUMN hand_read.place IS 'Row of the file, from 1';
COMMENT ON COLUMN hand_read.imported_by IS 'Account, login and host of the person, then the name they gave';
