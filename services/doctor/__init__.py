"""Checks of a machine before Kilowatch runs on it: one small function each, found in one register."""
