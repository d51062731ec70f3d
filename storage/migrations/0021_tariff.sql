-- Tariffs (电价) by date and energy bought on the market (直购电): what bills are worked out by.

CREATE TABLE tariff (
    id text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    confirmed boolean NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    charges jsonb NOT NULL,
    fixed jsonb NOT NULL,
    schedules jsonb NOT NULL,
    holidays date[] NOT NULL,
    worked date[] NOT NULL,
    rates jsonb NOT NULL,
    steps jsonb NOT NULL,
    steps_over text NOT NULL CHECK (steps_over IN ('month', 'year')),
    basic jsonb,
    power_factor boolean NOT NULL,
    losses jsonb,
    tax_percent numeric NOT NULL,
    tax_included boolean NOT NULL,
    currency text NOT NULL,
    kwh_decimals smallint NOT NULL,
    amount_decimals smallint NOT NULL,
    UNIQUE NULLS NOT DISTINCT (id, starts_at)
);
COMMENT ON TABLE tariff IS 'Versions of tariffs; what contract.tariff names, in force for [starts_at, ends_at)';
COMMENT ON COLUMN tariff.charges IS 'Nested tables as registry files have them; money as text, so that no digit is lost';

CREATE TABLE market_energy (
    service_point text NOT NULL REFERENCES service_point (id),
    month text NOT NULL CHECK (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    price numeric NOT NULL,
    kwh numeric,
    share numeric,
    period text,
    item text NOT NULL,
    name text NOT NULL,
    CHECK ((kwh IS NULL) <> (share IS NULL)),
    UNIQUE NULLS NOT DISTINCT (service_point, month, item, period, name)
);
COMMENT ON TABLE market_energy IS 'Energy of a month priced apart from the tariff''s own charge of that item';
