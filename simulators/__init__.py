"""Meters that behave as the standards say, and lines that do not."""
