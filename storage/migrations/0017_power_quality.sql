-- Power quality (电能质量): what the archive says of a supply, and the verdicts on each month.

ALTER TABLE supply
    ADD COLUMN demand_current_a double precision,
    ADD COLUMN point_class text CHECK (point_class IN ('A', 'B', 'C', 'D'));
COMMENT ON COLUMN supply.demand_current_a IS 'I_L of IEEE 519: mean of twelve months'' maximum demand currents, primary';
COMMENT ON COLUMN supply.point_class IS 'Class of the voltage monitoring point';

CREATE TABLE quality_judgement (
    service_point text NOT NULL,
    month date NOT NULL,
    meter_id integer NOT NULL REFERENCES meter (meter_id),
    number integer NOT NULL,
    check_name text NOT NULL,
    subject text NOT NULL,
    standard text,
    verdict text NOT NULL,
    value double precision,
    limit_value double precision,
    detail jsonb NOT NULL,
    PRIMARY KEY (service_point, month, number)
);
COMMENT ON TABLE quality_judgement IS 'Verdicts of a month as last judged, in the order of the report; detail is all of it';
CREATE INDEX quality_judgement_month ON quality_judgement (month, verdict);
