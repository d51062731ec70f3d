-- The archive (档案): meters, where they hang, what was agreed. Mirrors pipeline/registry.py.
-- Every stretch of time is half-open; a NULL start means "always", a NULL end "still".

CREATE TABLE meter (
    meter_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    wiring text NOT NULL,
    rated_voltage_v double precision NOT NULL,
    nominal_voltage_v double precision NOT NULL,
    rated_current_a double precision NOT NULL,
    max_current_a double precision NOT NULL,
    digits smallint NOT NULL,
    resolution double precision NOT NULL,
    zone text NOT NULL
);
COMMENT ON COLUMN meter.meter_id IS 'Short number used as the key of readings';
COMMENT ON COLUMN meter.id IS 'The name people and files use';

CREATE TABLE area (
    id text PRIMARY KEY,
    name text NOT NULL,
    zone text NOT NULL
);

CREATE TABLE service_point (
    id text PRIMARY KEY,
    name text NOT NULL,
    customer text NOT NULL,
    area text REFERENCES area (id)
);
CREATE INDEX service_point_area ON service_point (area);

CREATE TABLE bus (
    id text PRIMARY KEY,
    url text NOT NULL,
    timeout_s double precision NOT NULL,
    retries integer NOT NULL,
    pause_s double precision NOT NULL
);

CREATE TABLE installation (
    installation_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    service_point text REFERENCES service_point (id),
    role text NOT NULL,
    bus text REFERENCES bus (id),
    address text,
    profile text,
    starts_at timestamptz,
    ends_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (meter_id, starts_at)
);
CREATE INDEX installation_service_point ON installation (service_point);
CREATE INDEX installation_bus ON installation (bus);

CREATE TABLE ratio (
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    ct double precision NOT NULL,
    pt double precision NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (meter_id, starts_at)
);

CREATE TABLE contract (
    service_point text NOT NULL REFERENCES service_point (id),
    capacity_kva double precision,
    contract_demand_kw double precision,
    basic_charge text,
    category text,
    tariff text,
    supply_voltage_kv double precision,
    starts_at timestamptz,
    ends_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (service_point, starts_at)
);

CREATE TABLE suspension (
    id text PRIMARY KEY,
    service_point text NOT NULL REFERENCES service_point (id),
    kind text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz,
    remaining_kva double precision NOT NULL,
    setpoint_w double precision,
    auxiliaries_kw double precision
);
CREATE INDEX suspension_service_point ON suspension (service_point);

CREATE TABLE schedule (
    quantity_group text PRIMARY KEY,
    every_s integer NOT NULL,
    tolerance_s integer
);

CREATE TABLE mqtt_source (
    id text PRIMARY KEY,
    topic text NOT NULL,
    dialect text NOT NULL,
    every_s integer,
    meters text[] NOT NULL
);
