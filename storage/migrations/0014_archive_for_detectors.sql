-- What detectors ask of the archive: areas and their members, planned work, supplies, thresholds by class and point.

ALTER TABLE contract ADD COLUMN generation boolean NOT NULL DEFAULT false;
ALTER TABLE suspension
    ADD COLUMN transformers text[] NOT NULL DEFAULT '{}',
    ADD COLUMN requested_at timestamptz,
    ADD COLUMN sealed_at timestamptz,
    ADD COLUMN unsealed_at timestamptz;

CREATE TABLE transformer (
    id text PRIMARY KEY,
    area text REFERENCES area (id),
    service_point text REFERENCES service_point (id),
    capacity_kva double precision
);
CREATE INDEX transformer_area ON transformer (area);

CREATE TABLE area_member (
    area text NOT NULL REFERENCES area (id),
    service_point text NOT NULL REFERENCES service_point (id),
    role text NOT NULL,
    sign smallint NOT NULL,
    phase text,
    starts_at timestamptz,
    ends_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (area, service_point, starts_at)
);
CREATE INDEX area_member_service_point ON area_member (service_point);

CREATE TABLE work_order (
    id text PRIMARY KEY,
    service_point text NOT NULL REFERENCES service_point (id),
    kind text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz
);
CREATE INDEX work_order_service_point ON work_order (service_point, starts_at);

CREATE TABLE supply (
    service_point text PRIMARY KEY REFERENCES service_point (id),
    short_circuit_mva double precision,
    agreed_mva double precision,
    equipment_mva double precision
);

CREATE TABLE threshold (
    detector text NOT NULL,
    parameter text NOT NULL,
    value double precision NOT NULL,
    service_point text REFERENCES service_point (id),
    category text,
    starts_at timestamptz,
    ends_at timestamptz,
    source text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (detector, parameter, service_point, category, starts_at)
);
COMMENT ON TABLE threshold IS 'Another number for a detector than its default; a service point goes before a class';
