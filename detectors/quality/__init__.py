"""Detectors of bad supply quality (电能质量)."""
