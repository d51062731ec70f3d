-- Partitions by time. Plain PostgreSQL keeps ordinary tables of the same names.
-- No default index on time: queries come by meter and time, which the primary keys serve.

-- level: community, apache
SELECT create_hypertable('register_reading', by_range('taken_at', INTERVAL '7 days'), create_default_indexes => FALSE);
SELECT create_hypertable('electrical_reading', by_range('taken_at', INTERVAL '7 days'), create_default_indexes => FALSE);
SELECT create_hypertable('spectrum_reading', by_range('taken_at', INTERVAL '7 days'), create_default_indexes => FALSE);
SELECT create_hypertable('meter_event', by_range('starts_at', INTERVAL '90 days'), create_default_indexes => FALSE);
SELECT create_hypertable('interval', by_range('starts_at', INTERVAL '30 days'), create_default_indexes => FALSE);
SELECT create_hypertable('coverage', by_range('slot_at', INTERVAL '30 days'), create_default_indexes => FALSE);

-- level: community
ALTER TABLE register_reading SET (timescaledb.compress, timescaledb.compress_segmentby = 'meter_id', timescaledb.compress_orderby = 'taken_at, origin');
ALTER TABLE electrical_reading SET (timescaledb.compress, timescaledb.compress_segmentby = 'meter_id', timescaledb.compress_orderby = 'taken_at, origin');
ALTER TABLE spectrum_reading SET (timescaledb.compress, timescaledb.compress_segmentby = 'meter_id', timescaledb.compress_orderby = 'taken_at, origin');
ALTER TABLE interval SET (timescaledb.compress, timescaledb.compress_segmentby = 'meter_id', timescaledb.compress_orderby = 'starts_at, minutes, version');
ALTER TABLE coverage SET (timescaledb.compress, timescaledb.compress_segmentby = 'meter_id, quantity_group', timescaledb.compress_orderby = 'slot_at');
-- Sixty days: backfill and late corrections of the last settlement month still meet uncompressed chunks.
SELECT add_compression_policy('register_reading', INTERVAL '60 days');
SELECT add_compression_policy('electrical_reading', INTERVAL '60 days');
SELECT add_compression_policy('spectrum_reading', INTERVAL '60 days');
SELECT add_compression_policy('interval', INTERVAL '60 days');
SELECT add_compression_policy('coverage', INTERVAL '60 days');
