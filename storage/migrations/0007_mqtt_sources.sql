-- How the messages of an MQTT source name meters and quantities, and in which zone their times are.
ALTER TABLE mqtt_source
    ADD COLUMN template text,
    ADD COLUMN devices jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN quantities jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN zone text NOT NULL DEFAULT 'Asia/Shanghai',
    ADD COLUMN ask boolean NOT NULL DEFAULT true;
