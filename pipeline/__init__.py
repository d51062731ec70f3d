"""Pure vocabulary and rules: quantities, records, time grid, quality, interval arithmetic. No I/O."""
