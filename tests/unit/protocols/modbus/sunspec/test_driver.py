"""What the driver of self-describing meters plans, and the options it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.modbus.sunspec.driver import SunSpecDriver, sunspec_driver
from protocols.modbus.sunspec.models import catalogue
from protocols.profile import Profile
from protocols.session import drivers
from services.wiring import load_profiles


def profile(**options: object) -> Profile:
    shipped = load_profiles()["sunspec_meter"]
    return replace(shipped, options={**shipped.options, **options})


def test_the_shipped_profile_offers_what_the_models_have() -> None:
    assert profile().quantities == catalogue().quantities
    assert drivers.get(profile().protocol) is sunspec_driver


def test_one_question_brings_whatever_is_wanted() -> None:
    driver = sunspec_driver(profile(), Wiring.ONE_PHASE, DEFAULT_ZONE)
    assert [query.what for query in driver.plan([Quantity.VOLTAGE_A, Quantity.FREQUENCY])] == ["sunspec"]
    assert driver.plan([Quantity.TEMPERATURE]) == ()
    assert driver.plan([Quantity.VOLTAGE_A], refused={"sunspec"}) == ()
    assert driver.backfill_plan(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)) == ()


def test_only_the_given_bases_are_looked_at() -> None:
    driver = SunSpecDriver(profile(bases=[100]))
    (query,) = driver.plan([Quantity.FREQUENCY])
    assert driver.session("1").ask(query)[7:] == bytes.fromhex("03 0064 0002")


@pytest.mark.parametrize("address", ["0", "248", "x"])
def test_an_address_outside_1_to_247_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="1 to 247"):
        SunSpecDriver(profile()).session(address)


@pytest.mark.parametrize(
    "options",
    [
        {"bases": []},
        {"bases": [70000]},
        {"bases": 40000},
        {"meter": 0},
        {"meter": True},
        {"reversed_power": 1},
        {"framing": "ascii"},
        {"speed": 1},
    ],
)
def test_a_wrong_option_names_the_profile(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="sunspec_meter"):
        SunSpecDriver(profile(**options))


def test_a_quantity_that_no_model_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="temperature"):
        SunSpecDriver(replace(profile(), quantities=frozenset({Quantity.TEMPERATURE})))
