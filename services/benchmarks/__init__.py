"""The figures of DESIGN section 8, one file a benchmark: ratios within one run, in CPU seconds."""
