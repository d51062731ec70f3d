"""What faults do to a meter: one small function each, found by this folder."""
