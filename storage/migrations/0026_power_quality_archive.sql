-- What a power-quality report tells of a supply and of its meter, and checks judge by.

ALTER TABLE supply
    ADD COLUMN agreed_band_percent double precision[] CHECK (cardinality(agreed_band_percent) = 2),
    ADD COLUMN capacitor_steps_kvar double precision[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN supply.agreed_band_percent IS 'Lowest and highest deviation of the voltage that were agreed, signed, %';
COMMENT ON COLUMN supply.capacitor_steps_kvar IS 'Reactive power of each step of the capacitors at the point';

ALTER TABLE meter
    ADD COLUMN model text NOT NULL DEFAULT '',
    ADD COLUMN serial text NOT NULL DEFAULT '',
    ADD COLUMN accuracy_class text NOT NULL DEFAULT '',
    ADD COLUMN firmware text NOT NULL DEFAULT '',
    ADD COLUMN verified_until date;
COMMENT ON COLUMN meter.serial IS 'The maker''s number';
COMMENT ON COLUMN meter.accuracy_class IS 'As on the plate: 0.5S, B';
COMMENT ON COLUMN meter.verified_until IS 'The last day on which its verification holds';

ALTER TABLE transformer ADD COLUMN starts_at timestamptz;
COMMENT ON COLUMN transformer.starts_at IS 'Since when it is in service';
