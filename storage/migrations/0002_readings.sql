-- Readings: one wide table for each way of reading, one column for each quantity.
--
-- The key is (meter_id, taken_at, origin). There is no foreign key on meter_id: it would cost more than the
-- row itself, and the writer resolves every meter before it writes.

CREATE TABLE origin (
    origin smallint PRIMARY KEY,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE origin IS 'How a reading came to us; pipeline.model.Origin';
INSERT INTO origin (origin, name) VALUES
    (0, 'present'), (1, 'daily freeze'), (2, 'settlement freeze'), (3, 'load record'), (4, 'push'), (5, 'manual');

-- Registers: energy in kWh, kvarh and kVAh, maximum demand in kW, the meter's own voltage statistics.
CREATE TABLE register_reading (
    taken_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    slot_at timestamptz,
    meter_time timestamptz,
    meter_id integer NOT NULL,
    quality integer NOT NULL DEFAULT 0,
    origin smallint NOT NULL,
    flags jsonb,
    -- register
    active_energy_import double precision,
    active_energy_import_t1 double precision,
    active_energy_import_t2 double precision,
    active_energy_import_t3 double precision,
    active_energy_import_t4 double precision,
    active_energy_import_t5 double precision,
    active_energy_import_t6 double precision,
    active_energy_import_a double precision,
    active_energy_import_b double precision,
    active_energy_import_c double precision,
    active_energy_export double precision,
    active_energy_export_t1 double precision,
    active_energy_export_t2 double precision,
    active_energy_export_t3 double precision,
    active_energy_export_t4 double precision,
    active_energy_export_t5 double precision,
    active_energy_export_t6 double precision,
    active_energy_export_a double precision,
    active_energy_export_b double precision,
    active_energy_export_c double precision,
    active_energy_combined double precision,
    active_energy_combined_t1 double precision,
    active_energy_combined_t2 double precision,
    active_energy_combined_t3 double precision,
    active_energy_combined_t4 double precision,
    active_energy_combined_t5 double precision,
    active_energy_combined_t6 double precision,
    active_energy_combined_a double precision,
    active_energy_combined_b double precision,
    active_energy_combined_c double precision,
    reactive_energy_import double precision,
    reactive_energy_import_t1 double precision,
    reactive_energy_import_t2 double precision,
    reactive_energy_import_t3 double precision,
    reactive_energy_import_t4 double precision,
    reactive_energy_import_t5 double precision,
    reactive_energy_import_t6 double precision,
    reactive_energy_export double precision,
    reactive_energy_export_t1 double precision,
    reactive_energy_export_t2 double precision,
    reactive_energy_export_t3 double precision,
    reactive_energy_export_t4 double precision,
    reactive_energy_export_t5 double precision,
    reactive_energy_export_t6 double precision,
    reactive_energy_q1 double precision,
    reactive_energy_q1_t1 double precision,
    reactive_energy_q1_t2 double precision,
    reactive_energy_q1_t3 double precision,
    reactive_energy_q1_t4 double precision,
    reactive_energy_q1_t5 double precision,
    reactive_energy_q1_t6 double precision,
    reactive_energy_q2 double precision,
    reactive_energy_q2_t1 double precision,
    reactive_energy_q2_t2 double precision,
    reactive_energy_q2_t3 double precision,
    reactive_energy_q2_t4 double precision,
    reactive_energy_q2_t5 double precision,
    reactive_energy_q2_t6 double precision,
    reactive_energy_q3 double precision,
    reactive_energy_q3_t1 double precision,
    reactive_energy_q3_t2 double precision,
    reactive_energy_q3_t3 double precision,
    reactive_energy_q3_t4 double precision,
    reactive_energy_q3_t5 double precision,
    reactive_energy_q3_t6 double precision,
    reactive_energy_q4 double precision,
    reactive_energy_q4_t1 double precision,
    reactive_energy_q4_t2 double precision,
    reactive_energy_q4_t3 double precision,
    reactive_energy_q4_t4 double precision,
    reactive_energy_q4_t5 double precision,
    reactive_energy_q4_t6 double precision,
    apparent_energy_import double precision,
    -- demand
    max_demand_import real,
    max_demand_import_t1 real,
    max_demand_import_t2 real,
    max_demand_import_t3 real,
    max_demand_import_t4 real,
    max_demand_import_t5 real,
    max_demand_import_t6 real,
    max_demand_import_at timestamptz,
    max_demand_import_t1_at timestamptz,
    max_demand_import_t2_at timestamptz,
    max_demand_import_t3_at timestamptz,
    max_demand_import_t4_at timestamptz,
    max_demand_import_t5_at timestamptz,
    max_demand_import_t6_at timestamptz,
    max_demand_export real,
    max_demand_export_t1 real,
    max_demand_export_t2 real,
    max_demand_export_t3 real,
    max_demand_export_t4 real,
    max_demand_export_t5 real,
    max_demand_export_t6 real,
    max_demand_export_at timestamptz,
    max_demand_export_t1_at timestamptz,
    max_demand_export_t2_at timestamptz,
    max_demand_export_t3_at timestamptz,
    max_demand_export_t4_at timestamptz,
    max_demand_export_t5_at timestamptz,
    max_demand_export_t6_at timestamptz,
    demand_import real,
    -- statistics
    voltage_minutes_monitored real,
    voltage_minutes_over real,
    voltage_minutes_under real,
    voltage_highest real,
    voltage_highest_at timestamptz,
    voltage_lowest real,
    voltage_lowest_at timestamptz,
    PRIMARY KEY (meter_id, taken_at, origin)
);

-- Electrical values (V, A, kW, kvar, kVA, deg, Hz, %) and the device's own state (s, degrees C, V).
CREATE TABLE electrical_reading (
    taken_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    slot_at timestamptz,
    meter_time timestamptz,
    meter_id integer NOT NULL,
    quality integer NOT NULL DEFAULT 0,
    origin smallint NOT NULL,
    flags jsonb,
    -- electrical
    voltage_a real,
    voltage_b real,
    voltage_c real,
    voltage_ab real,
    voltage_bc real,
    voltage_ca real,
    current_a real,
    current_b real,
    current_c real,
    current_n real,
    active_power real,
    active_power_a real,
    active_power_b real,
    active_power_c real,
    reactive_power real,
    reactive_power_a real,
    reactive_power_b real,
    reactive_power_c real,
    apparent_power real,
    apparent_power_a real,
    apparent_power_b real,
    apparent_power_c real,
    power_factor real,
    power_factor_a real,
    power_factor_b real,
    power_factor_c real,
    phase_angle_a real,
    phase_angle_b real,
    phase_angle_c real,
    frequency real,
    voltage_thd_a real,
    voltage_thd_b real,
    voltage_thd_c real,
    current_thd_a real,
    current_thd_b real,
    current_thd_c real,
    -- device
    clock_offset real,
    temperature real,
    battery_voltage real,
    status_words integer[],
    PRIMARY KEY (meter_id, taken_at, origin)
);

-- Harmonic spectra in percent of the fundamental; the array's index counts from 1 in SQL, so order h is element h + 1.
CREATE TABLE spectrum_reading (
    taken_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    slot_at timestamptz,
    meter_time timestamptz,
    meter_id integer NOT NULL,
    quality integer NOT NULL DEFAULT 0,
    origin smallint NOT NULL,
    flags jsonb,
    -- spectrum
    voltage_harmonic_a real[],
    voltage_harmonic_b real[],
    voltage_harmonic_c real[],
    current_harmonic_a real[],
    current_harmonic_b real[],
    current_harmonic_c real[],
    PRIMARY KEY (meter_id, taken_at, origin)
);

-- The same rows for people: the meter's text id and the origin's name instead of numbers.
CREATE VIEW register_reading_named AS
SELECT m.id AS meter, o.name AS origin_name, r.*
FROM register_reading AS r JOIN meter AS m USING (meter_id) JOIN origin AS o ON o.origin = r.origin;

CREATE VIEW electrical_reading_named AS
SELECT m.id AS meter, o.name AS origin_name, r.*
FROM electrical_reading AS r JOIN meter AS m USING (meter_id) JOIN origin AS o ON o.origin = r.origin;

CREATE VIEW spectrum_reading_named AS
SELECT m.id AS meter, o.name AS origin_name, r.*
FROM spectrum_reading AS r JOIN meter AS m USING (meter_id) JOIN origin AS o ON o.origin = r.origin;

-- Typed records of a meter's own event log (programming, cover opened, phase lost ...).
CREATE TABLE meter_event (
    meter_id integer NOT NULL,
    starts_at timestamptz NOT NULL,
    kind text NOT NULL,
    ends_at timestamptz,
    received_at timestamptz NOT NULL,
    count integer,
    detail jsonb,
    PRIMARY KEY (meter_id, starts_at, kind)
);

-- A second message that gave another value for a key that is stored: the first is kept there, the other here.
CREATE TABLE reading_conflict (
    meter_id integer NOT NULL,
    taken_at timestamptz NOT NULL,
    origin smallint NOT NULL,
    quantity text NOT NULL,
    offered text NOT NULL,
    stored text NOT NULL,
    received_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    PRIMARY KEY (meter_id, taken_at, origin, quantity, offered)
);

-- Messages, or parts of one, that fit nothing we know: one row for each source, reason and key.
CREATE TABLE unmatched_message (
    source text NOT NULL,
    reason text NOT NULL,
    key text NOT NULL,
    messages bigint NOT NULL DEFAULT 1,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    last_payload bytea NOT NULL,
    PRIMARY KEY (source, reason, key)
);

-- Flags of single quantities, {quantity: mask}: the union of both, each mask or-ed.
CREATE FUNCTION merge_flags(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(key, mask) FROM (
        SELECT key, bit_or(value::text::integer) AS mask
        FROM (SELECT * FROM jsonb_each(a) UNION ALL SELECT * FROM jsonb_each(b)) AS both_sides
        GROUP BY key
    ) AS merged
$$;
