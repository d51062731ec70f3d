"""A point's month is put together on the primary side, whatever hung there and however it was read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.power_quality.assembly import Given, Month, Shown, level_kv, point_month, usual_period_s
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.archive_records import PointClass, Supply
from pipeline.block import Times
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, ParameterReading, Records, TimedValues
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, Role, ServicePoint, Wiring
from pipeline.timegrid import to_numpy

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 10, 1, tzinfo=ZONE).astimezone(UTC)
END = datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC)
MONTH = Month(first=date(2026, 10, 1), starts_at=BEGIN, ends_at=END, now=END + timedelta(days=2))
OLD, NEW = MeterId("OLD"), MeterId("NEW")
QUARTER = timedelta(minutes=15)
ARCHIVE = Registry(
    meters=[
        Meter(
            id=meter,
            wiring=Wiring.THREE_PHASE_THREE_WIRE,
            rated_voltage_v=100.0,
            nominal_voltage_v=10_000.0,
            rated_current_a=1.5,
            serial=f"maker's {meter}",
            verified_until=date(2027, 5, 31),
        )
        for meter in (OLD, NEW)
    ],
    areas=[Area(id="A")],
    service_points=[ServicePoint(id="P", name="intake", customer="works", area="A")],
    installations=[
        Installation(meter=OLD, service_point="P", ends_at=BEGIN + timedelta(days=10)),
        Installation(meter=NEW, service_point="P", starts_at=BEGIN + timedelta(days=10)),
        Installation(meter=MeterId("CHECK"), service_point="P", role=Role.CHECK),
    ],
    ratios=[
        Ratio(meter=OLD, ct=20.0, pt=100.0),
        Ratio(meter=NEW, ct=20.0, pt=100.0, ends_at=BEGIN + timedelta(days=20)),
        Ratio(meter=NEW, ct=40.0, pt=100.0, starts_at=BEGIN + timedelta(days=20)),
    ],
    supplies=[
        Supply(
            service_point="P",
            agreed_mva=5.0,
            point_class=PointClass.C,
            demand_current_a=250.0,
            agreed_band_percent=(-3.0, 7.0),
            capacitor_steps_kvar=(300.0, 150.0),
        )
    ],
)


def times(*instants: datetime) -> Times:
    return np.array([to_numpy(instant) for instant in instants], dtype="datetime64[us]")


def shown(taken_at: Times, *, rank: int = 0, **values: Columns) -> Shown:
    return Shown(
        taken_at=taken_at,
        slot_at=np.full(len(taken_at), np.datetime64("NaT", "us")),
        preference=np.full(len(taken_at), rank),
        values={Quantity(name): column for name, column in values.items()},
    )


def month_of(given: Given, archive: Registry = ARCHIVE, month: Month = MONTH) -> PointMonth:
    found = point_month(archive, "P", month, given)
    assert found is not None
    return found


def electrical(**of: Shown) -> Given:
    return Given(electrical={MeterId(name): own for name, own in of.items()}, spectra={})


def test_master_data_are_on_the_primary_side() -> None:
    point = month_of(electrical()).point
    assert (point.meter, point.name, point.customer) == (NEW, "intake", "works")
    assert point.nominal_v == pytest.approx(10_000.0)
    assert point.nominal_kv == 10.0
    assert (point.ct, point.pt, point.rated_current_a) == (40.0, 100.0, 60.0)
    assert (point.point_class, point.max_demand_current_a) == (PointClass.C, 250.0)
    assert point.agreed_band_percent == (-3.0, 7.0)
    assert point.capacitors_mvar == [0.3, 0.15]
    assert (point.instrument.serial, point.instrument.verified_until) == ("maker's NEW", date(2027, 5, 31))


def test_values_are_multiplied_by_the_ratio_in_force_and_only_inside_the_stay() -> None:
    days = times(*(BEGIN + timedelta(days=day) for day in (-1, 1, 11, 21, 40)))
    ones = np.ones(5)
    given = electrical(
        OLD=shown(days, voltage_ab=100.0 * ones, current_a=ones, active_power=ones),
        NEW=shown(days, voltage_ab=101.0 * ones, current_a=ones, active_power=ones, power_factor=0.9 * ones),
    )
    month = month_of(given)
    assert month.taken_at.tolist() == days[1:4].tolist()
    assert month.values[Quantity.VOLTAGE_AB].tolist() == pytest.approx([10_000.0, 10_100.0, 10_100.0])
    assert month.values[Quantity.CURRENT_A].tolist() == [20.0, 20.0, 40.0]
    assert month.values[Quantity.ACTIVE_POWER].tolist() == [2000.0, 2000.0, 4000.0]
    assert month.values[Quantity.POWER_FACTOR].tolist() == pytest.approx([np.nan, 0.9, 0.9], nan_ok=True)


def test_a_profile_of_primary_values_takes_no_ratio_but_its_plate_does() -> None:
    archive = replace(
        ARCHIVE, installations=[Installation(meter=NEW, service_point="P", profile="primary_one")]
    )
    given = replace(
        electrical(NEW=shown(times(BEGIN), current_a=np.array([30.0]))), primary=frozenset({"primary_one"})
    )
    month = month_of(given, archive)
    assert month.values[Quantity.CURRENT_A].tolist() == [30.0]
    assert month.point.rated_current_a == 60.0


@pytest.mark.parametrize("filed_v", [100.0, 10_000.0])
def test_the_nominal_voltage_of_primary_values_is_that_of_the_line(filed_v: float) -> None:
    plate = replace(ARCHIVE.meter_by_id[NEW], nominal_voltage_v=filed_v)
    archive = Registry(
        meters=[plate],
        installations=[Installation(meter=NEW, service_point="P", profile="primary_one")],
        ratios=[Ratio(meter=NEW, ct=40.0, pt=100.0)],
        service_points=ARCHIVE.service_points,
    )
    primary = frozenset({"primary_one"})
    given = replace(electrical(), primary=primary)
    point = month_of(given, archive).point
    assert (point.nominal_v, point.nominal_kv) == (10_000.0, 10.0)


@pytest.mark.parametrize("profile", ["primary_one", "secondary_one"])
@pytest.mark.parametrize("before", [10.0, 60.0, 100.0])
def test_a_ratio_that_was_in_force_before_changes_nothing_of_a_point(before: float, profile: str) -> None:
    # Four wires behind 60:1: the 100 V between two lines are 100 V / sqrt(3) x 60 = 3464 V of a phase.
    plate = Meter(
        id=NEW,
        wiring=Wiring.THREE_PHASE_FOUR_WIRE,
        rated_voltage_v=57.7,
        nominal_voltage_v=100.0,
        rated_current_a=1.5,
    )
    archive = Registry(
        meters=[plate],
        installations=[Installation(meter=NEW, service_point="P", profile=profile)],
        ratios=[
            Ratio(meter=NEW, ct=2 * before, pt=before, ends_at=BEGIN - timedelta(days=60)),
            Ratio(meter=NEW, ct=40.0, pt=60.0, starts_at=BEGIN - timedelta(days=60)),
        ],
    )
    point = month_of(replace(electrical(), primary=frozenset({"primary_one"})), archive).point
    assert point.nominal_v == pytest.approx(3464.1, abs=0.1)
    assert (point.nominal_kv, point.rated_current_a) == (6.0, 60.0)


def test_of_two_readings_for_one_slot_the_preferred_one_counts_and_the_other_fills_in() -> None:
    at = BEGIN + timedelta(days=11)
    own = Shown(
        taken_at=times(at + timedelta(seconds=3), at),
        slot_at=times(at, at),
        preference=np.array([1, 0]),
        values={
            Quantity.VOLTAGE_AB: np.array([99.0, 101.0]),
            Quantity.FREQUENCY: np.array([50.0, np.nan]),
        },
    )
    month = month_of(electrical(NEW=own))
    assert month.taken_at.tolist() == times(at).tolist()
    assert month.values[Quantity.VOLTAGE_AB].tolist() == [10_100.0]
    assert month.values[Quantity.FREQUENCY].tolist() == [50.0]


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_columns_without_any_number_are_absent(nothing: float) -> None:
    month = month_of(electrical(NEW=shown(times(END - QUARTER), voltage_ab=np.array([nothing]))))
    assert month.values == {}


def test_spectra_of_two_meters_are_as_wide_as_the_widest() -> None:
    given = Given(
        electrical={},
        spectra={
            OLD: shown(times(BEGIN), voltage_harmonic_a=np.array([[np.nan, 100.0, 1.0]])),
            NEW: shown(times(END - QUARTER), voltage_harmonic_a=np.array([[0.0, 100.0, 2.0, 3.0]])),
        },
    )
    month = month_of(given)
    spectrum = month.spectra[Quantity.VOLTAGE_HARMONIC_A]
    assert spectrum.shape == (2, 4)
    np.testing.assert_array_equal(spectrum[0], [np.nan, 100.0, 1.0, np.nan])
    np.testing.assert_array_equal(spectrum[1], [0.0, 100.0, 2.0, 3.0])


def test_outages_events_statistics_and_parameters_of_the_month() -> None:
    hour = timedelta(hours=1)
    downs = [
        (BEGIN - hour, BEGIN + hour),
        (BEGIN + hour / 2, BEGIN + 2 * hour),
        (END + hour, END + 2 * hour),
        (BEGIN + 30 * hour, None),
    ]
    told = Records(
        events=[
            EventRecord(
                meter=OLD, event=MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=begin, ends_at=end)
            )
            for begin, end in downs
        ],
        readings={
            Quantity.VOLTAGE_MINUTES_MONITORED: TimedValues(
                meters=[NEW, NEW, OLD],
                taken_at=times(BEGIN + hour, END - hour, END - hour / 2),
                values=np.array([60.0, 44_000.0, 1.0]),
            ),
            Quantity.VOLTAGE_MINUTES_UNDER_C: TimedValues(
                meters=[NEW], taken_at=times(END - hour), values=np.array([7.0])
            ),
            Quantity.VOLTAGE_HIGHEST: TimedValues(
                meters=[NEW], taken_at=times(END - hour), values=np.array([106.0])
            ),
        },
        parameters=[
            ParameterReading(meter=NEW, name="ct_ratio", taken_at=BEGIN, value=20.0),
            ParameterReading(meter=NEW, name="ct_ratio", taken_at=END - hour, value=40.0),
        ],
    )
    month = month_of(Given(electrical={}, spectra={}, told=told))
    assert month.outages == [(BEGIN, BEGIN + 2 * hour)]
    assert len(month.events) == 3
    of_c, counted = month.statistics
    assert (of_c.phase, of_c.minutes_under, of_c.minutes_over) == ("C", 7.0, None)
    assert (counted.phase, counted.minutes_monitored, counted.highest_v) == ("", 44_000.0, 10_600.0)
    assert month.parameters == {"ct_ratio": 40.0}


def test_the_running_month_ends_now() -> None:
    now = BEGIN + timedelta(days=3)
    month = month_of(electrical(), month=replace(MONTH, now=now))
    assert (month.starts_at, month.ends_at) == (BEGIN, now)


def test_a_meter_that_stands_alone_is_a_point_and_a_point_without_a_main_meter_is_none() -> None:
    alone = Registry(meters=[Meter(id=MeterId("LONE"))])
    found = point_month(alone, "LONE", MONTH, electrical())
    assert found is not None
    assert (found.point.nominal_v, found.point.nominal_kv) == (220.0, 0.38)
    assert point_month(replace(ARCHIVE, installations=[]), "P", MONTH, electrical()) is None


@pytest.mark.parametrize(
    ("minutes", "period_s"),
    [
        ([0, 15, 30, 45], 900.0),
        ([0, 15, 60, 75, 180, 195], 900.0),
        ([0, 15.05, 29.9, 45.1, 47], 900.0),
        ([0, 7, 14], 420.0),
        ([0], None),
    ],
)
def test_the_usual_period_bears_gaps_jitter_and_reads_on_demand(
    minutes: list[float], period_s: float | None
) -> None:
    assert usual_period_s(times(*(BEGIN + timedelta(minutes=m) for m in minutes))) == period_s


@pytest.mark.parametrize(("kv", "level"), [(0.4, 0.38), (0.22, 0.22), (10.5, 10.0), (37.0, 35.0), (1.9, 1.9)])
def test_a_voltage_belongs_to_the_nearest_level(kv: float, level: float) -> None:
    assert level_kv(kv) == level
