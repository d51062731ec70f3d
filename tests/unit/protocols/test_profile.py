"""A meter model's file: what each key means, and each mistake with its place."""

from __future__ import annotations

import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from protocols.profile import NO_PAUSES, Coding, Pauses, Profile, parse_profile

HEAD = 'protocol = "modbus"\ndescription = "d"\nside = "primary"\nsource = "s"\n'
POINT = '[[points]]\nquantity = "{}"\naddress = {}\nfunction = 3\ntype = "uint16"\n'


def parsed(body: str = "", points: str = "") -> Profile:
    return parse_profile(HEAD + body + "\n" + points, "mine")


def refused(body: str = "", points: str = "") -> str:
    with pytest.raises(ConfigError, match=r"^profile mine: ") as error:
        parsed(body, points)
    return str(error.value)


def test_a_profile_asks_for_silence_in_milliseconds() -> None:
    assert parsed("[pauses]\nbetween_ms = 100\nafter_connect_ms = 1500").pauses == Pauses(
        between_s=0.1, after_connect_s=1.5
    )
    assert parsed().pauses == NO_PAUSES


@pytest.mark.parametrize(
    "wrong", ["between_ms = -1", "between_ms = 1.5", "between_ms = 10001", "later_ms = 1"]
)
def test_a_wrong_pause_is_named(wrong: str) -> None:
    assert wrong.split(" ", maxsplit=1)[0] in refused(f"[pauses]\n{wrong}")


def test_addresses_are_counted_as_the_document_counts_them() -> None:
    found = parsed("address_base = 40001", POINT.format("voltage_a", 40011))
    assert [point.address for point in found.points] == [10]
    assert "below address_base 1" in refused("address_base = 1", POINT.format("voltage_a", 0))
    assert "beyond the last register" in refused("", POINT.format("voltage_a", 65536))


def test_a_point_tells_what_is_not_available_and_how_it_is_coded() -> None:
    extra = 'absent = [nan, 0xFFFF]\ncoding = "four_quadrants"\nsingle_source = true\n'
    (point,) = parsed("", POINT.format("power_factor", 1) + extra).points
    assert (point.absent, point.nan_is_absent) == (frozenset({0xFFFF}), True)
    assert point.coding is Coding.FOUR_QUADRANTS
    assert parsed("", POINT.format("power_factor", 1) + extra).single_sourced == (Quantity.POWER_FACTOR,)


def test_every_wrong_point_is_told_at_once_with_its_number() -> None:
    told = refused(
        "",
        POINT.format("voltage_a", 1)
        + POINT.format("voltage_x", 2)
        + POINT.format("voltage_b", -1)
        + '[[points]]\nquantity = "voltage_c"\naddress = 4\n',
    )
    assert "point voltage_x (entry 2): 'voltage_x' is not a valid Quantity" in told
    assert "point voltage_b (entry 3): address -1 is below" in told
    assert "point voltage_c (entry 4): function, type is missing" in told
    assert "entry 1" not in told


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("points = 5", "points is a list of tables"),
        ("points = [1]", "points is a list of tables"),
        ("options = 5", "options is a table"),
        ("ratios = [1]", "ratios is a table"),
        ("defaults = 1", "defaults is a table"),
        ('models = "one"', "models is a list of texts"),
        ("models = [1]", "models is a list of texts"),
        ("vendor = 1", "vendor is text in quotes"),
        ("load_record_days = -1", "load_record_days is a whole number"),
        ("address_base = 2", "address_base is one of 0, 1, 30001, 40001"),
        ("address_base = true", "address_base is one of"),
        ('trust = "sure"', "'sure' is not a valid Trust"),
        ("colour = 1", "unknown keys ['colour']"),
        ("[ratios.ct]\naddress = 1\nfunction = 3\ntype = 'uint16'\ncolour = 1", "ratio ct: unknown keys"),
        (
            "points = [{ quantity = 'frequency', address=1, function=3, type='x', sign_of = 'voltage_a' }]",
            "no voltage_a to take the sign of",
        ),
        ("[probe]\nfrequency = [65, 45]", "probe frequency: write two bounds"),
        ("[probe]\nfrequency = [45, 65]", "probe: the profile has no frequency"),
        ("[identity.x]\naddress = 1\nfunction = 3\ntype = 'uint16'", "identity x: write two bounds"),
        (
            "[identity.x]\naddress = 1\nfunction = 3\ntype = 'uint16'\nbetween = [1, 2]",
            "identity: it is asked with a probe",
        ),
        ("[identity.x]\nbetween = [1, 2]", "identity x: address, function, type is missing"),
        ("[lookalikes]\nother = ''", "lookalikes other: say in words"),
        (
            "points = [{ quantity = 'voltage_a', address = 1, function = 3, type = 'uint16', scale = 0 }]",
            "scale",
        ),
        (
            "points = [{ quantity = 'voltage_a', address = 1, function = 3, type = 'uint16', scale = 'x' }]",
            "'x'",
        ),
        (
            "points = [{ quantity = 'voltage_a', address = '1', function = 3, type = 'uint16' }]",
            "address is a whole",
        ),
        ("points = [{ quantity = 'voltage_a', address = 1, function = 3, type = 3 }]", "type is text"),
        (
            "points = [{ quantity = 'voltage_a', address = 1, function = 3, type = 'x', absent = ['n'] }]",
            "absent",
        ),
        (
            "points = [{ quantity = 'voltage_a', address = 1, function = 3, type = 'x', ratio = ['ct'] }]",
            "[ratios]",
        ),
    ],
)
def test_a_mistake_says_what_was_expected(body: str, said: str) -> None:
    assert said in refused(body)


def test_the_family_is_what_stands_in_front_of_a_url() -> None:
    text = HEAD.replace('"modbus"', '"modbus-sunspec"')
    assert parse_profile(text, "mine").family == "modbus"
