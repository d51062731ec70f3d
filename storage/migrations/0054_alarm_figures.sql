-- Monitoring counts the attempts of the last hour.

CREATE INDEX notification_attempt_ended ON notification_attempt (ended_at);
