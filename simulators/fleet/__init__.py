"""Fleets of simulated meters: their files, what they are made of, and how they are served."""
