-- The meter's own voltage qualification (DL/T 645-2007 identifiers 0310) of each phase beside that of all.

ALTER TABLE register_reading
    ADD COLUMN voltage_minutes_monitored_a real,
    ADD COLUMN voltage_minutes_over_a real,
    ADD COLUMN voltage_minutes_under_a real,
    ADD COLUMN voltage_highest_a real,
    ADD COLUMN voltage_highest_a_at timestamptz,
    ADD COLUMN voltage_lowest_a real,
    ADD COLUMN voltage_lowest_a_at timestamptz,
    ADD COLUMN voltage_minutes_monitored_b real,
    ADD COLUMN voltage_minutes_over_b real,
    ADD COLUMN voltage_minutes_under_b real,
    ADD COLUMN voltage_highest_b real,
    ADD COLUMN voltage_highest_b_at timestamptz,
    ADD COLUMN voltage_lowest_b real,
    ADD COLUMN voltage_lowest_b_at timestamptz,
    ADD COLUMN voltage_minutes_monitored_c real,
    ADD COLUMN voltage_minutes_over_c real,
    ADD COLUMN voltage_minutes_under_c real,
    ADD COLUMN voltage_highest_c real,
    ADD COLUMN voltage_highest_c_at timestamptz,
    ADD COLUMN voltage_lowest_c real,
    ADD COLUMN voltage_lowest_c_at timestamptz;
