"""The names people see for how an area stands; each is a key of the catalogues."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.words import marked

AREA_STATES: Mapping[str, str] = {
    "critical": marked("Critical episode open"),
    "silent": marked("Meters silent"),
    "loss": marked("Line loss out of its bounds"),
    "major": marked("Major episode open"),
    "gaps": marked("Reads missing today"),
    "good": marked("In order"),
}
"""What is said of an area as a whole; the gravest comes first."""
LOSS_VERDICTS: Mapping[str, str] = {
    "normal": marked("Line loss usual"),
    "rises": marked("Line loss rises"),
    "high": marked("Line loss high"),
    "negative": marked("Line loss negative"),
    "unknown": marked("Line loss not known"),
}
