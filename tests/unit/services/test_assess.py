"""Days summed up from what is stored: load of service points, voltage qualification of phases."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from pydantic import SecretStr

from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio, Registry, Role, ServicePoint, Wiring
from services.assess import highest_loads, load_days, voltage_quality, worst_voltages
from services.settings import Settings
from storage.database import connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.statistics import LoadDay
from storage.writer import ReadingWriter

MIDNIGHT = datetime(2026, 11, 20, 16, tzinfo=UTC)
"""The local midnight that begins 21 November in Shanghai."""
NOW = MIDNIGHT + timedelta(hours=30)
SLOT = timedelta(minutes=15)
POINT = "P1"


def meter(name: str) -> Meter:
    return Meter(id=MeterId(name))


def at_point(
    name: str, role: Role = Role.MAIN, starts_at: datetime | None = None, ends_at: datetime | None = None
) -> Installation:
    return Installation(
        meter=MeterId(name), service_point=POINT, role=role, starts_at=starts_at, ends_at=ends_at
    )


def settings_of(url: str, registry: Registry) -> Settings:
    with connect(url) as connection:
        save_registry(connection, registry)
    return Settings(database_url=SecretStr(url))


def save_energy(
    url: str, name: str, kwh: float, begin: datetime = MIDNIGHT - timedelta(days=1), slots: int = 216
) -> None:
    """Store equal intervals of a meter; a day before the first judged one unless told otherwise."""
    starts = np.datetime64(begin.replace(tzinfo=None), "us") + np.arange(slots) * np.timedelta64(15, "m")
    with connect(url) as connection:
        save_intervals(
            connection,
            IntervalColumns(
                meters=[MeterId(name)] * slots,
                starts_at=starts,
                minutes=np.full(slots, 15, dtype=np.int16),
                quality=np.full(slots, "A"),
                energies={"import_kwh": np.full(slots, kwh)},
            ),
            computed_at=NOW,
        )


def of_day(days: Sequence[LoadDay], day: int = 21) -> LoadDay:
    (found,) = [d for d in days if d.day == date(2026, 11, day) and d.service_point == POINT]
    return found


def site(*installations: Installation) -> Registry:
    names = dict.fromkeys(i.meter for i in installations)
    return Registry(
        meters=[meter(name) for name in names],
        installations=installations,
        service_points=[ServicePoint(id=POINT), ServicePoint(id="P-empty")],
    )


def test_a_day_has_its_energy_maximum_and_coverage(plain_database_url: str) -> None:
    settings = settings_of(plain_database_url, site(at_point("M1")))
    save_energy(plain_database_url, "M1", 2.5)
    days = load_days(1, settings, NOW)
    whole, begun = of_day(days), of_day(days, 22)
    assert (whole.energy_kwh, whole.max_kw, whole.coverage) == (240.0, 10.0, 1.0)
    assert whole.max_at == MIDNIGHT
    assert begun.coverage == pytest.approx(24 / 96)
    assert {d.service_point for d in days} == {POINT}


def test_several_main_meters_add_up_and_sub_meters_are_taken_off(plain_database_url: str) -> None:
    registry = site(at_point("M1"), at_point("M2"), at_point("S1", Role.SUBTRACT), at_point("C1", Role.CHECK))
    settings = settings_of(plain_database_url, registry)
    for name, kwh in {"M1": 2.0, "M2": 3.0, "S1": 1.0, "C1": 50.0}.items():
        save_energy(plain_database_url, name, kwh)
    assert of_day(load_days(1, settings, NOW)).max_kw == 16.0


def test_a_meter_that_was_replaced_does_not_hide_its_successor(plain_database_url: str) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    registry = site(at_point("old", ends_at=noon), at_point("new", starts_at=noon))
    settings = settings_of(plain_database_url, registry)
    save_energy(plain_database_url, "old", 1.0, slots=96 + 48)
    save_energy(plain_database_url, "new", 2.0, noon, slots=72)
    day = of_day(load_days(1, settings, NOW))
    assert (day.coverage, day.energy_kwh, day.max_kw) == (1.0, 48 * 1.0 + 48 * 2.0, 8.0)


def test_what_one_of_two_meters_lacks_is_missing_and_not_low(plain_database_url: str) -> None:
    settings = settings_of(plain_database_url, site(at_point("M1"), at_point("M2")))
    save_energy(plain_database_url, "M1", 2.0)
    save_energy(plain_database_url, "M2", 3.0, slots=96 + 24)
    day = of_day(load_days(1, settings, NOW))
    assert (day.coverage, day.min_kw) == (0.25, 20.0)


def save_volts(url: str, name: str, quantity: Quantity, volts: Sequence[float]) -> None:
    begin = MIDNIGHT - timedelta(days=1)
    snapshots = [
        Snapshot(
            meter=MeterId(name),
            taken_at=begin + n * SLOT,
            received_at=begin + n * SLOT,
            values={quantity: value},
            origin=Origin.LOAD_RECORD,
        )
        for n, value in enumerate(volts)
    ]
    with connect(url) as connection:
        ReadingWriter(connection).write(snapshots)


def test_a_voltage_day_counts_the_minutes_out_of_band(plain_database_url: str) -> None:
    """GB/T 12325-2008 4.3: 220 V +7 % -10 %, that is 198 to 235.4 V."""
    settings = settings_of(plain_database_url, site(at_point("M1")))
    save_volts(
        plain_database_url, "M1", Quantity.VOLTAGE_A, [220.0] * 96 + [240.0] * 8 + [190.0] * 4 + [220.0] * 84
    )
    (day,) = [d for d in voltage_quality(1, settings, NOW) if d.day == date(2026, 11, 21)]
    assert (day.meter, day.phase) == ("M1", "a")
    assert (day.minutes_over, day.minutes_under, day.coverage) == (120.0, 60.0, 1.0)
    assert day.qualified_share == pytest.approx(1 - 180 / 1440)
    assert (day.highest_v, day.lowest_v) == (240.0, 190.0)


@pytest.mark.parametrize(
    ("profile", "volts"), [("dlt645_2007_three_phase", 100.0), ("own_primary", 10_000.0)]
)
def test_behind_a_transformer_the_side_that_the_meter_shows_counts(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch, profile: str, volts: float
) -> None:
    monkeypatch.setattr("services.assess.primary_profiles", lambda _settings: frozenset({"own_primary"}))
    registry = Registry(
        meters=[Meter(id=MeterId("M1"), rated_voltage_v=100.0, nominal_voltage_v=10_000.0)],
        installations=[Installation(meter=MeterId("M1"), service_point=POINT, profile=profile)],
        service_points=[ServicePoint(id=POINT)],
        ratios=[Ratio(meter=MeterId("M1"), ct=10, pt=100)],
    )
    settings = settings_of(plain_database_url, registry)
    save_volts(plain_database_url, "M1", Quantity.VOLTAGE_A, [volts] * 192)
    days = [d for d in voltage_quality(1, settings, NOW) if d.day == date(2026, 11, 21)]
    assert [d.qualified_share for d in days] == [1.0]


@pytest.mark.parametrize("filed_v", [100.0, 10_000.0])
def test_a_line_of_10_kv_read_as_primary_volts_has_seven_percent_either_way(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch, filed_v: float
) -> None:
    """GB/T 12325-2008 4.2: 10 kV +-7 % are 9 300 to 10 700 V, whichever side the archive names."""
    monkeypatch.setattr("services.assess.primary_profiles", lambda _settings: frozenset({"own_primary"}))
    registry = Registry(
        meters=[
            Meter(
                id=MeterId("M1"),
                wiring=Wiring.THREE_PHASE_THREE_WIRE,
                rated_voltage_v=100.0,
                nominal_voltage_v=filed_v,
            )
        ],
        installations=[Installation(meter=MeterId("M1"), service_point=POINT, profile="own_primary")],
        service_points=[ServicePoint(id=POINT)],
        ratios=[Ratio(meter=MeterId("M1"), ct=10, pt=100)],
    )
    settings = settings_of(plain_database_url, registry)
    # Four quarters above the band, eight below it, the rest at its edges and its middle.
    volts = [10_701.0] * 4 + [9_299.0] * 8 + [10_699.0] * 40 + [9_301.0] * 40 + [10_000.0] * 4
    save_volts(plain_database_url, "M1", Quantity.VOLTAGE_AB, [10_000.0] * 96 + volts)
    (day,) = [d for d in voltage_quality(1, settings, NOW) if d.day == date(2026, 11, 21)]
    assert (day.minutes_over, day.minutes_under) == (60.0, 120.0)


def test_tables_show_the_highest_loads_and_the_worst_voltages_first(plain_database_url: str) -> None:
    settings = settings_of(plain_database_url, site(at_point("M1")))
    save_energy(plain_database_url, "M1", 2.5)
    save_volts(plain_database_url, "M1", Quantity.VOLTAGE_A, [220.0] * 100 + [240.0] * 20)
    (first, *_) = highest_loads(load_days(1, settings, NOW))
    assert (first["service point"], first["maximum kW"], first["coverage"]) == (POINT, 10.0, "100.0%")
    (worst, *_) = worst_voltages(voltage_quality(1, settings, NOW))
    assert (worst["meter"], worst["phase"]) == ("M1", "a")
    assert worst["over min"] == 300.0


def test_nothing_stored_is_nothing_to_show(plain_database_url: str) -> None:
    settings = settings_of(plain_database_url, site(at_point("M1")))
    assert highest_loads(load_days(1, settings, NOW)) == []
    assert voltage_quality(1, settings, NOW) == []
