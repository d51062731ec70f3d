-- Forecasts (负荷预测) as they were made, so that they can be shown beside what came.

CREATE TABLE forecast (
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    starts_at timestamptz NOT NULL,
    model text NOT NULL,
    minutes smallint NOT NULL,
    p10 real[] NOT NULL,
    p50 real[] NOT NULL,
    p90 real[] NOT NULL,
    max_p50_kw double precision,
    max_p90_kw double precision,
    month date NOT NULL,
    month_so_far_kw double precision,
    month_p50_kw double precision,
    month_p90_kw double precision,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (meter_id, starts_at, model)
);
COMMENT ON TABLE forecast IS 'Energy of the slots from starts_at on, kWh a slot, and the highest demand of them and of the month';
CREATE INDEX forecast_starts_at ON forecast (starts_at);
