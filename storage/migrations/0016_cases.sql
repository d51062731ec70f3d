-- What people found about episodes, and the cases that customers' episodes make.

CREATE TABLE episode_feedback (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    episode text NOT NULL REFERENCES episode (id),
    outcome text NOT NULL CHECK (outcome IN ('confirmed', 'not-confirmed')),
    cause text NOT NULL,
    recovered_kwh double precision,
    given_by text NOT NULL,
    given_at timestamptz NOT NULL
);
CREATE INDEX episode_feedback_episode ON episode_feedback (episode, given_at);

CREATE TABLE inspection_case (
    id text PRIMARY KEY,
    place text NOT NULL,
    meters text[] NOT NULL,
    standing text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    detected_at timestamptz NOT NULL,
    probability double precision NOT NULL,
    energy_kwh double precision NOT NULL,
    visits double precision NOT NULL,
    priority_kwh double precision NOT NULL,
    episodes text[] NOT NULL,
    hits jsonb NOT NULL,
    -- People's fields: working the cases out again leaves these alone.
    assignee text,
    note text,
    decided_at timestamptz,
    amended_at timestamptz NOT NULL DEFAULT now(),
    CHECK (standing IN ('open', 'waiting', 'confirmed', 'rejected', 'cleared'))
);
CREATE INDEX inspection_case_standing ON inspection_case (standing, priority_kwh DESC);
