-- Monitoring counts the attempts of the last hour.

CREATE INDEX notification_attempt_ended ON notification_attempt (ended_at);
-- Sending counts those of the last minute: robots take so many and no more.
CREATE INDEX notification_attempt_started ON notification_attempt (started_at);
