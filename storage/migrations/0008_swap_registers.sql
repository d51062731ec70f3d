-- Registers written down when a meter is fitted and taken off, by quantity, on the meter's own side.
ALTER TABLE installation
    ADD COLUMN opening jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN closing jsonb NOT NULL DEFAULT '{}';
