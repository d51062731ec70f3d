"""Traits of a fleet file: each by its name, days counted back from the start."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import ConfigError
from simulators.dlt645.traits import STANDARD, ClockJump, Traits
from simulators.fleet.file_traits import read_traits
from simulators.fleet.plan import TraitsPlan
from simulators.fleet.times import traits_of
from simulators.fleet.toml_entry import TomlEntry

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2024, 6, 14, 23, 0, tzinfo=UTC)
"""07:00 on the 15th, local."""


def read(**traits: object) -> TraitsPlan:
    return read_traits(TomlEntry("fleet f, [[meters]] entry 1", {"traits": traits}))


def test_a_meter_without_traits_is_as_the_standard_says() -> None:
    assert read() == TraitsPlan()
    assert traits_of(read(), ZONE, NOW) == STANDARD


def test_every_trait_is_a_key() -> None:
    given = read(
        preamble=0,
        boot_zero_s=60,
        wrong_sequence=True,
        status_words=[1, 0, 0, 0, 0, 0, 0x8000],
        missing_freezes=[1, 3],
        clock_jumps=[{"days_ago": 2, "at": "10:00", "by_s": -90}],
    )
    assert traits_of(given, ZONE, NOW) == Traits(
        preamble=0,
        boot_zero_s=60.0,
        wrong_sequence=True,
        status_words=(1, 0, 0, 0, 0, 0, 0x8000),
        missing_freezes=frozenset({date(2024, 6, 14), date(2024, 6, 12)}),
        clock_jumps=(ClockJump(at=datetime(2024, 6, 13, 2, tzinfo=UTC), by_s=-90.0),),
    )
    names = set(Traits.__dataclass_fields__)
    for name in names - {"status_words", "missing_freezes", "clock_jumps"}:
        assert read(**{name: getattr(STANDARD, name)}) == TraitsPlan(), name


@pytest.mark.parametrize(
    ("traits", "said"),
    [
        ({"trailing": True}, r"entry 1, \[traits\]: unknown keys 'trailing'"),
        ({"preamble": -1}, "'preamble'"),
        ({"status_words": [1]}, "'status_words' must be 7 numbers"),
        ({"status_words": [0, 0, 0, 0, 0, 0, 65536]}, "'status_words' must be 7 numbers"),
        ({"missing_freezes": ["2024-06-14"]}, "'missing_freezes' must be a list of whole numbers"),
        ({"clock_jumps": [{"days_ago": 1}]}, r"\[\[clock_jumps\]\] entry 1: key 'by_s' is missing"),
        ({"clock_jumps": [{"days_ago": 1, "at": "25:00", "by_s": 1.0}]}, "'at' must be a time of day"),
    ],
)
def test_what_is_wrong_is_named(traits: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(**traits)
