"""Meters that measure what others draw."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from simulators.fleet.build import Fleet, SimulatedMeter, build_fleet
from simulators.fleet.file import parse_fleet

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
HEAD = """
[fleet]
history_days = 2
[[area]]
id = "TQ"
trunk_r_ohm = 0.06
no_load_kw = 0.3
[[bus]]
id = "line"
protocol = "dlt645"
[[meters]]
count = 6
id = "H{n}"
bus = "line"
address = "1{n}"
profile = "dlt645_2007_single_phase"
wiring = "1P2W"
phase = "each"
area = "TQ"
load = "home"
peak_kw = 5
"""
SUPPLY = """
[[meters]]
id = "SUPPLY"
bus = "line"
address = "99"
profile = "dlt645_2007_three_phase"
area = "TQ"
supplies = "TQ"
"""
THEFT = '\n[[fault]]\ndeed = "theft_h1"\nmeter = "H2"\ndays_ago = 1\ndays = 1\n'


def built(text: str) -> Fleet:
    return build_fleet(parse_fleet(text, "x"), NOW)


def meter(fleet: Fleet, name: str) -> SimulatedMeter:
    return next(m for m in fleet.meters if m.id == name)


def day_kwh(simulated: SimulatedMeter) -> float:
    midnight = datetime(2024, 6, 13, 16, tzinfo=UTC)
    start, end = (
        simulated.model.read(edge)[Quantity.ACTIVE_ENERGY_IMPORT]
        for edge in (midnight, midnight + timedelta(days=1))
    )
    return (end - start) * simulated.plan.ct * simulated.plan.pt


def test_a_supply_meter_counts_its_customers_and_the_loss_of_the_line() -> None:
    fleet = built(HEAD + SUPPLY)
    customers = sum(day_kwh(meter(fleet, f"H{n}")) for n in range(1, 7))
    by_hand = 0.0
    for slot in range(288):
        instant = datetime(2024, 6, 13, 16, tzinfo=UTC) + slot * timedelta(minutes=5)
        loss_kw = 0.3
        for phase in range(3):
            behind = [meter(fleet, f"H{n}").model.curve for n in range(1, 7) if (n - 1) % 3 == phase]
            p_kw, q_kvar = (
                sum(power(instant) for power in powers)
                for powers in ([c.power_kw for c in behind], [c.power_kvar for c in behind])
            )
            amps = (p_kw**2 + q_kvar**2) ** 0.5 * 1000 / 220
            loss_kw += 0.06 / 3 * amps**2 / 1000
        by_hand += loss_kw / 12
    assert day_kwh(meter(fleet, "SUPPLY")) == pytest.approx(customers + by_hand, rel=1e-9)


def test_each_phase_of_the_supply_carries_its_own_customers() -> None:
    fleet = built(HEAD + SUPPLY)
    shown = meter(fleet, "SUPPLY").model.read(NOW)
    for phase, members in (("a", (1, 4)), ("b", (2, 5)), ("c", (3, 6))):
        drawn = sum(meter(fleet, f"H{n}").model.curve.power_kw(NOW) for n in members)
        # A third of the iron loss, and what the line takes.
        assert drawn + 0.1 < shown[Quantity(f"active_power_{phase}")] < drawn + 0.15


def test_a_thief_lowers_his_own_meter_and_not_the_supply_meter() -> None:
    honest, stolen = built(HEAD + SUPPLY), built(HEAD + SUPPLY + THEFT)
    assert day_kwh(meter(stolen, "SUPPLY")) == pytest.approx(day_kwh(meter(honest, "SUPPLY")))
    assert day_kwh(meter(stolen, "H2")) == pytest.approx(0.4 * day_kwh(meter(honest, "H2")))


def test_the_voltage_falls_along_the_line_with_the_load_of_the_phase() -> None:
    fleet = built(HEAD + SUPPLY)
    peak = datetime(2024, 6, 14, 12, tzinfo=UTC)
    near, far = (meter(fleet, name).model.read(peak)[Quantity.VOLTAGE_A] for name in ("H1", "H4"))
    assert meter(fleet, "SUPPLY").model.read(peak)[Quantity.VOLTAGE_A] > max(near, far)


def test_sums_may_be_summed_again() -> None:
    main = SUPPLY.replace("SUPPLY", "MAIN").replace('"99"', '"98"')
    main = main.replace('supplies = "TQ"', 'sums = ["SUP*"]')
    fleet = built(HEAD + main + SUPPLY)
    assert day_kwh(meter(fleet, "MAIN")) == pytest.approx(day_kwh(meter(fleet, "SUPPLY")))


@pytest.mark.parametrize(
    ("sums", "words"), [('["NOBODY*"]', "fits no meter"), ('["LOOP"]', "goes in a circle")]
)
def test_sums_that_lead_nowhere_are_refused(sums: str, words: str) -> None:
    first = SUPPLY.replace('supplies = "TQ"', f"sums = {sums}")
    loop = SUPPLY.replace('"SUPPLY"', '"LOOP"').replace('"99"', '"98"')
    loop = loop.replace('supplies = "TQ"', 'sums = ["SUPPLY"]')
    with pytest.raises(ConfigError, match=words):
        built(HEAD + first + loop)
