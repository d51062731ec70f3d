-- Bills of parts of a month (分次结算): given out once, taken off the month's own bill, never changed.

ALTER TABLE contract ADD COLUMN interim_days smallint[] NOT NULL DEFAULT '{}'
    CHECK (1 <= ALL (interim_days) AND 28 >= ALL (interim_days));
COMMENT ON COLUMN contract.interim_days IS 'Days of the month at whose 00:00 an interim bill closes';

CREATE TABLE interim_bill (
    service_point text NOT NULL REFERENCES service_point (id),
    month text NOT NULL CHECK (month ~ '^\d{4}-(0[1-9]|1[0-2])$'),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    made_at timestamptz NOT NULL,
    energy_kwh numeric NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (service_point, month, ends_at)
);
COMMENT ON TABLE interim_bill IS 'Interim bills that were given out: energy alone, from the month''s opening to a day within it';
COMMENT ON COLUMN interim_bill.energy_kwh IS 'Since the month''s opening';
COMMENT ON COLUMN interim_bill.amount IS 'Less what earlier interim bills of the month took';
COMMENT ON COLUMN interim_bill.document IS 'All of it, as bill.document';
