"""Meters that describe themselves (SunSpec models 1, 201 to 204 and 211 to 214): found, named and read."""
