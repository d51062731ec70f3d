"""Faults that are planted into simulated meters, each with the truth about it."""
