"""The monthly power-quality report (电能质量月报) that a large customer gets, and its figures."""
