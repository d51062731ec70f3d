-- Alarms (告警): where they go (archive), incidents with their signals, and what was told of them.

CREATE TABLE alarm_channel (
    id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('email', 'webhook', 'wecom', 'dingtalk', 'feishu', 'mqtt')),
    address text NOT NULL,
    team text,
    enabled boolean NOT NULL
);
COMMENT ON COLUMN alarm_channel.address IS 'Without secrets: {token} stands for what the environment or a file holds';

CREATE TABLE alarm_route (
    id text PRIMARY KEY,
    channels text[] NOT NULL,
    teams text[] NOT NULL,
    at_least text NOT NULL CHECK (at_least IN ('info', 'minor', 'major', 'critical')),
    areas text[] NOT NULL,
    causes text[] NOT NULL,
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    after_min integer NOT NULL CHECK (after_min >= 0),
    quiet_from text,
    quiet_to text,
    quiet_below text NOT NULL CHECK (quiet_below IN ('info', 'minor', 'major', 'critical')),
    zone text NOT NULL,
    tell_end boolean NOT NULL,
    enabled boolean NOT NULL
);

CREATE TABLE incident (
    id text PRIMARY KEY,
    cause text NOT NULL,
    place text NOT NULL,
    severity smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'closed', 'merged')),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    reopened integer NOT NULL,
    areas text[] NOT NULL,
    signals integer NOT NULL,
    meters integer NOT NULL,
    merged_into text REFERENCES incident (id),
    -- What would be told and is held back, as of the last look.
    held jsonb NOT NULL DEFAULT '[]',
    -- People's fields.
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text,
    amended_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX incident_standing ON incident (state, severity DESC, opened_at DESC);

-- What an incident is made of, as it was when last looked at: operation has no other table.
CREATE TABLE incident_signal (
    id text PRIMARY KEY,
    incident text REFERENCES incident (id),
    source text NOT NULL CHECK (source IN ('episode', 'operation')),
    what text NOT NULL,
    severity smallint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    meter text,
    service_point text,
    area text,
    bus text,
    facts jsonb NOT NULL
);
COMMENT ON COLUMN incident_signal.incident IS 'NULL while a condition of operation has not lasted long enough';
CREATE INDEX incident_signal_incident ON incident_signal (incident, starts_at);
CREATE INDEX incident_signal_going_on ON incident_signal (source) WHERE ends_at IS NULL;

-- Counters that conditions of operation are told by, as they stood at the last look.
CREATE TABLE operation_mark (
    name text PRIMARY KEY,
    value bigint NOT NULL,
    at timestamptz NOT NULL
);

-- A message: what it says is fixed when it is planned, so that a repetition is the same message.
CREATE TABLE notification (
    id text PRIMARY KEY,
    channel text NOT NULL,
    route text NOT NULL,
    language text NOT NULL,
    content jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'given up')),
    planned_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    -- Whoever sends it has it until then; afterwards it is anybody's again.
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz
);
CREATE INDEX notification_waiting ON notification (next_attempt_at) WHERE state = 'waiting';

-- Of what a message tells. The key holds: nothing is told twice on a channel.
CREATE TABLE notification_about (
    incident text NOT NULL REFERENCES incident (id),
    channel text NOT NULL,
    reopened integer NOT NULL,
    occasion text NOT NULL CHECK (occasion IN ('opened', 'reopened', 'worse', 'ended')),
    severity smallint NOT NULL,
    notification text NOT NULL REFERENCES notification (id),
    PRIMARY KEY (incident, channel, reopened, occasion, severity)
);
CREATE INDEX notification_about_notification ON notification_about (notification);

CREATE TABLE notification_attempt (
    notification text NOT NULL REFERENCES notification (id),
    number integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- NULL while it goes on, and for ever where the sender was killed.
    succeeded boolean,
    answer text,
    PRIMARY KEY (notification, number)
);
