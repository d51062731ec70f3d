-- How long closed incidents and what was told of them are kept; storage/alarm_retention.py drops what is older.

INSERT INTO retention (table_name, keep) VALUES
    ('incident', INTERVAL '1095 days'),
    ('notification', INTERVAL '180 days')
ON CONFLICT DO NOTHING;

CREATE INDEX incident_closed ON incident (closed_at) WHERE state = 'closed';
CREATE INDEX incident_merged ON incident (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX notification_done ON notification (planned_at) WHERE state <> 'waiting';
