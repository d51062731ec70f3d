-- What each collector told last of itself: how its buses, its queue and its spool stand.

CREATE TABLE collector_state (
    process text PRIMARY KEY,
    started_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    counters jsonb NOT NULL
);
COMMENT ON TABLE collector_state IS 'Counters of collectors by the name in bus_lease.owner; silent ones go after a week';
