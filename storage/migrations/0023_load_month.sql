-- Load statistics (负荷统计) of a month: one row a subject, as they were last worked out.

CREATE TABLE load_month (
    kind text NOT NULL CHECK (kind IN ('meter', 'service_point', 'area', 'category', 'total')),
    subject text NOT NULL,
    month date NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    coverage double precision NOT NULL,
    energy_kwh double precision,
    max_kw double precision,
    max_at timestamptz,
    load_factor double precision,
    detail jsonb NOT NULL,
    PRIMARY KEY (kind, subject, month)
);
COMMENT ON TABLE load_month IS 'Load statistics of a local month; detail is all of them, max_kw the highest block of import';
CREATE INDEX load_month_month ON load_month (month, kind);
