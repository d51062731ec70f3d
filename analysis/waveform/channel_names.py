"""Tells from a channel's name, unit and phase letter what it measures, and of which phase."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from analysis.waveform.record import ChannelKind

PREFIXES: Final = {"": 1.0, "k": 1e3, "M": 1e6, "m": 1e-3, "u": 1e-6, "µ": 1e-6}
_UNITS: Final = {"V": ChannelKind.VOLTAGE, "A": ChannelKind.CURRENT}
_PHASES: Final = {
    # As written in many countries: A B C, L1 L2 L3, R S T, U V W of terminals are left out (U is a voltage).
    **{text: phase for phase in "abcn" for text in (phase,)},
    **dict(zip(("l1", "l2", "l3"), "abc", strict=True)),
    **dict(zip(("1", "2", "3"), "abc", strict=True)),
    **dict(zip(("r", "s", "t"), "abc", strict=True)),
    **{text: pair for pair in ("ab", "bc", "ca") for text in (pair,)},
    **dict(zip(("l12", "l23", "l31"), ("ab", "bc", "ca"), strict=True)),
    **dict(zip(("12", "23", "31"), ("ab", "bc", "ca"), strict=True)),
    **dict.fromkeys(("0", "g", "e"), "n"),
    "an": "a",
    "bn": "b",
    "cn": "c",
    "l1n": "a",
    "l2n": "b",
    "l3n": "c",
}
_NAMED: Final = re.compile(
    r"^\s*3?(?P<letter>[uvi])[\s_.:-]*(?P<phase>(?:l?\d{1,2}n?)|[a-z]{1,2})?(?![a-z0-9])", re.IGNORECASE
)


def kind_and_scale(name: str, unit: str) -> tuple[ChannelKind, float]:
    """Return what a channel measures, and the factor from its unit to V or A.

    The unit decides; where there is none, a name that begins with u or v is a voltage, with i a current.
    """
    written = unit.strip()
    for prefix, factor in PREFIXES.items():
        for letter, kind in _UNITS.items():
            # "KV" and "ka" are written too; only milli and mega depend on the case.
            if written == prefix + letter or (
                prefix in ("", "k") and written.lower() == (prefix + letter).lower()
            ):
                return kind, factor
    named = _NAMED.match(name)
    if written or named is None:
        return ChannelKind.OTHER, 1.0
    return (ChannelKind.CURRENT if named["letter"].lower() == "i" else ChannelKind.VOLTAGE), 1.0


def phase_of(name: str, told: str = "") -> str:
    """Return the phase of a channel: what its own field tells, else what its name ends with; else empty."""
    if told.strip():
        return _PHASES.get(re.sub(r"[\s_.-]", "", told).lower(), "")
    named = _NAMED.match(name)
    return _PHASES.get((named["phase"] or "").lower(), "") if named else ""


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of which none occurs twice: a second ``UA`` is ``UA (2)``, an empty one ``channel N``."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for number, name in enumerate(names, start=1):
        stem = name.strip() or f"channel {number}"
        seen[stem] += 1
        found.append(stem if seen[stem] == 1 else f"{stem} ({seen[stem]})")
    return tuple(found)
