-- Line loss of areas and feeders (台区、线路线损): every local day as it was judged last, and what was found by then.

CREATE TABLE area_day (
    area text NOT NULL,
    day date NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('normal', 'rises', 'high', 'negative', 'unknown')),
    why text,
    energy_in_kwh double precision,
    energy_out_kwh double precision,
    fed_in_kwh double precision NOT NULL,
    filled_kwh double precision,
    loss_kwh double precision,
    loss_percent double precision,
    technical_kwh double precision,
    unexplained_kwh double precision,
    usual_percent double precision,
    limit_percent double precision,
    members int NOT NULL,
    known int NOT NULL,
    by_register int NOT NULL,
    slot_coverage double precision NOT NULL,
    missing text[] NOT NULL,
    missing_supplies text[] NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (area, day),
    CHECK ((verdict = 'unknown') = (loss_kwh IS NULL)),
    CHECK ((why IS NULL) = (verdict <> 'unknown'))
);
COMMENT ON COLUMN area_day.filled_kwh IS 'of the energy out, what stands in for missing members';

CREATE TABLE area_loss (
    area text PRIMARY KEY,
    judged_to date NOT NULL,
    risen_on date,
    rise_kwh_a_day double precision,
    rise_points double precision,
    rise_t double precision,
    technical jsonb NOT NULL,
    suspects jsonb NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((risen_on IS NULL) = (rise_t IS NULL))
);
COMMENT ON COLUMN area_loss.suspects IS 'empty while the loss has not risen: a ranking of the honest accuses somebody';
