-- Service points whose supply no order takes away (保电), filed with the archive: until now only meters' addresses in a
-- setting of the host that gives orders.

CREATE TABLE protected_supply (
    service_point text NOT NULL REFERENCES service_point (id),
    reason text NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (service_point, starts_at)
);
COMMENT ON TABLE protected_supply IS 'Service points whose supply is not taken away, and when';

ALTER TABLE protected_supply ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_areas ON protected_supply
    USING ((SELECT kilowatch_areas()) IS NULL OR service_point IN (SELECT id FROM service_point));
