"""What Kilowatch tells Prometheus: names and meanings as data, samples from counters and figures."""
