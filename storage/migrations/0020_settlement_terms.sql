-- What bills need of contracts and transformers.
ALTER TABLE contract
    ADD COLUMN power_factor_standard double precision CHECK (power_factor_standard BETWEEN 0.5 AND 1),
    ADD COLUMN metering_side text CHECK (metering_side IN ('high', 'low'));
COMMENT ON COLUMN contract.power_factor_standard IS '0.90, 0.85 or 0.80; NULL is that of the class and capacity';
COMMENT ON COLUMN contract.metering_side IS 'Side of the customer''s own transformer on which the meter hangs';

ALTER TABLE transformer
    ADD COLUMN no_load_loss_kw double precision CHECK (no_load_loss_kw >= 0),
    ADD COLUMN load_loss_kw double precision CHECK (load_loss_kw >= 0),
    ADD COLUMN no_load_current_percent double precision CHECK (no_load_current_percent >= 0),
    ADD COLUMN impedance_percent double precision CHECK (impedance_percent > 0);
