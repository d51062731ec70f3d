"""Faults in fleet files: keys come from the deeds, and what cannot be done is refused with its place."""

import pytest

from pipeline.errors import ConfigError
from simulators.fleet.file import parse_fleet
from simulators.fleet.plan import FaultPlan

HEAD = """
[[area]]
id = "TQ"
[[bus]]
id = "line"
protocol = "dlt645"
[[bus]]
id = "mod"
protocol = "modbus"
[[gateway]]
id = "gw"
"""
METER = """
[[meters]]
id = "{id}"
{place}
wiring = "{wiring}"
area = "TQ"
load = "home"
peak_kw = 5
"""
ON_LINE = 'bus = "line"\naddress = "{n}"\nprofile = "dlt645_2007_three_phase"'
METERS = "".join(
    METER.format(id=name, wiring=wiring, place=place)
    for name, wiring, place in (
        ("ONE", "1P2W", ON_LINE.format(n=1)),
        ("THREE", "3P3W", ON_LINE.format(n=2)),
        ("FOUR", "3P4W", ON_LINE.format(n=3)),
        ("MOD", "3P4W", 'bus = "mod"\naddress = "1"\nprofile = "eastron_sdm630"'),
        ("MQ", "3P4W", 'gateway = "gw"'),
    )
)
METERS += METER.format(id="SUM", wiring="3P4W", place=ON_LINE.format(n=9)).replace(
    'load = "home"\npeak_kw = 5', 'sums = ["F*"]'
)


def read(deed: str, meter: str, more: str = "") -> FaultPlan:
    fault = f'\n[[fault]]\ndeed = "{deed}"\nmeter = "{meter}"\ndays_ago = 1\n{more}\n'
    return parse_fleet(HEAD + METERS + fault, "mine").faults[0]


def test_keys_have_the_defaults_of_the_deed() -> None:
    fault = read("voltage_loss", "FOUR")
    assert fault.values == {"phase": "b", "factor": 0.6}
    assert (fault.minutes, fault.nights, fault.twin) == (60, 1, False)
    assert fault.why.startswith("one voltage terminal")


def test_days_are_whole_days_and_look_alikes_are_twins_by_themselves() -> None:
    vacancy = read("vacancy", "ONE", "days = 3")
    assert (vacancy.minutes, vacancy.twin) == (3 * 1440, True)
    assert not read("vacancy", "ONE", "twin = false").twin


def test_a_default_phase_is_one_that_the_meter_has() -> None:
    assert read("identity_break", "THREE").values["phase"] == "a"
    assert read("reversed_current", "ONE").values["phase"] == "a"


@pytest.mark.parametrize(
    ("deed", "meter", "more", "words"),
    [
        ("bypass", "FOUR", "", ["'meter'", "1P2W", "FOUR is 3P4W"]),
        ("current_loss", "THREE", 'phase = "b"', ["'phase'", "known: a, c"]),
        ("current_loss", "FOUR", 'phase = "d"', ["'phase'", "a, b, c"]),
        ("clock_jump", "MOD", "", ["'meter'", "dlt645", "MOD is on modbus"]),
        ("silent", "MQ", "", ["'meter'", "MQ is on mqtt"]),
        ("theft_h1", "SUM", "", ["'meter'", "SUM measures what others draw"]),
        ("load", "FOUR", "", ["'kw'", "missing"]),
        ("load", "FOUR", "kw = -1", ["'kw'", "0 or more"]),
        ("voltage", "FOUR", "factor = 9", ["'factor'", "0.05 to 3"]),
        ("wrong_area", "FOUR", 'area = "NOWHERE"', ["'area'", "known: TQ"]),
        ("miswired", "FOUR", 'polarity = "+"', ["'polarity'", "---"]),
        ("silent", "FOUR", "kw = 3", ["unknown keys", "'kw'"]),
        ("theft", "FOUR", "", ["'deed'", "theft_h1"]),
    ],
)
def test_what_cannot_be_done_is_refused(deed: str, meter: str, more: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read(deed, meter, more)
    for word in ["fleet mine, [[fault]] entry 1", *words]:
        assert word in str(caught.value)
