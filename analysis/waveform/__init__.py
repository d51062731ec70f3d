"""Power quality from sampled voltages and currents: spectra, unbalance, events, flicker, aggregation."""
