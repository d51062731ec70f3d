"""The names people see for what the chain behind a slot holds; each is a key of the catalogues."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.words import ORIGINS, marked

FLAGS: Mapping[str, str] = {
    "clock suspect": marked("clock not to be believed"),
    "out of range": marked("implausible for this meter"),
    "stale": marked("an old value repeated"),
    "not bcd": marked("unreadable digits"),
    "not a number": marked("no number"),
    "future time": marked("from the future"),
    "conflict": marked("contradicted by another message"),
    "partial": marked("incomplete"),
    "arrival time": marked("without a time of its own"),
}
"""Why a reading is trusted less; keys as in ``services.slot_chain.FLAG_NAMES``."""
LETTERS: Mapping[str, str] = {
    "A": marked("actual"),
    "E": marked("estimated"),
    "F": marked("final substitute"),
    "S": marked("substitute"),
    "N": marked("missing"),
    "V": marked("mixed"),
}
HOW: Mapping[str, str] = {
    **ORIGINS,
    "measured": marked("measured"),
    "interpolated": marked("between two readings"),
    "gap spread evenly": marked("a gap shared out evenly"),
    "unknown": marked("not known"),
    "hidden by reset": marked("hidden by a reset"),
    "hidden by jump": marked("hidden by a jump"),
    "known outage": marked("known outage"),
    "mean of like days": marked("mean of like days"),
    "proxy day": marked("proxy day"),
    "interpolation": marked("interpolation"),
    "class profile": marked("class profile"),
}
"""How an interval was made."""
WHY_FINAL: Mapping[str, str] = {
    "missing": marked("nothing was measured"),
    "spread": marked("a gap between two registers, shared out evenly"),
    "negative": marked("less than zero"),
    "impossible": marked("more than the meter can measure"),
    "outage": marked("the supply was off"),
    "edit": marked("a person set it"),
}
"""Why the raw interval does not stand; keys as in ``pipeline.vee.REASONS``."""
