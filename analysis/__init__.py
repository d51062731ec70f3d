"""How much: pure numbers from readings (voltage, load). No I/O, no clocks, no verdicts."""
