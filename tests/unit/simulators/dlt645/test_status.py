from collections.abc import Collection

import pytest

from pipeline.events import EventKind
from simulators.dlt645.conditions import Condition
from simulators.dlt645.status import MeterState, status_words
from tests.unit.simulators.dlt645.bench import NOW, Load, core

NOTHING = (0,) * 7


def state(**changes: object) -> MeterState:
    quiet = {"zone_set": 1, "period_set": 1, "is_relay_open": False, "is_key_held": False}
    return MeterState(**{**quiet, **changes})  # type: ignore[arg-type]  # names of fields


@pytest.mark.parametrize(
    ("changes", "found", "word", "bits"),
    [
        ({"is_relay_open": True}, (), 3, 0x10),
        ({"is_key_held": True}, (), 3, 0x08),
        ({"period_set": 2, "zone_set": 2}, (), 3, 0x21),
        ({}, [(EventKind.VOLTAGE_LOSS, "a"), (EventKind.PHASE_BREAK, "a")], 4, 0x81),
        ({}, [(EventKind.CURRENT_BREAK, "c")], 6, 0x100),
        ({}, [(EventKind.CURRENT_UNBALANCE, "")], 7, 0x08),
        ({}, [(EventKind.AUXILIARY_SUPPLY_LOSS, ""), (EventKind.VOLTAGE_UNBALANCE, "")], 7, 0x14),
    ],
)
def test_each_bit_stands_where_the_standard_has_it(
    changes: dict[str, object], found: Collection[Condition], word: int, bits: int
) -> None:
    words = status_words(state(**changes), Load().read(NOW), found, NOTHING)
    assert words[word - 1] == bits
    assert sum(words) == bits


def test_directions_follow_the_powers() -> None:
    words = status_words(state(), Load(kw=-3.0).read(NOW), (), NOTHING)
    assert words[:2] == (0b110000, 0b111)


def test_forced_bits_are_added() -> None:
    words = status_words(state(is_relay_open=True), {}, (), (0, 0, 0x40, 0, 0, 0, 0x8000))
    assert (words[2], words[6]) == (0x50, 0x8000)


def test_a_healthy_meter_shows_zeros() -> None:
    assert core(Load(kw=3.0)).status_words() == NOTHING
