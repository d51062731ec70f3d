from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.summary import Subject
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.errors import DataError
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, Role, ServicePoint
from pipeline.timegrid import slot_grid
from pipeline.vee_records import Sense, Total, TotalMember
from services.load_subjects import energies_of, meter_subjects, point_subjects, total_subjects

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 1, 16, tzinfo=UTC)
SPAN = AT, AT.replace(hour=17)
NAN = np.nan
NAMES = [MeterId(name) for name in ("M", "S", "PV")]
REGISTRY = Registry(
    meters=[Meter(id=name) for name in NAMES],
    areas=[Area(id="A")],
    service_points=[ServicePoint(id="P", area="A"), ServicePoint(id="Q", area="A"), ServicePoint(id="F")],
    installations=[
        Installation(meter=NAMES[0], service_point="P"),
        Installation(meter=NAMES[1], service_point="P", role=Role.SUBTRACT),
        Installation(meter=NAMES[2], service_point="Q"),
    ],
    contracts=[Contract(service_point="P", category="shop"), Contract(service_point="Q", category="home")],
    area_members=[AreaMember(area="A", service_point="F", role=MemberRole.SUPPLY)],
    totals=[Total(id="T")],
    total_members=[
        TotalMember(total="T", meter=NAMES[0]),
        TotalMember(total="T", meter=NAMES[2], sense=Sense.SUBTRACT),
    ],
)


def _matrix(kwh: list[list[float]], **energies: list[list[float]]) -> MeterMatrix:
    imported = np.array(kwh)
    return MeterMatrix(
        meters=NAMES,
        starts_at=slot_grid(*SPAN, 15),
        minutes=15,
        values={},
        import_kwh=imported,
        quality=np.where(np.isfinite(imported), "A", "N"),
        step_kwh=np.ones(3),
        power_kw=imported * NAN,
        import_kvarh=np.array(energies["kvarh"]) if "kvarh" in energies else None,
        energies={n: np.array(c) for n, c in energies.items() if n != "kvarh"},
    )


MATRIX = _matrix(
    [[10, 10, 10, 10], [1, 2, 3, NAN], [0, 5, 0, 0]],
    export_kwh=[[NAN] * 4, [NAN] * 4, [2, 0, NAN, 1]],
    kvarh=[[1, 1, 1, 1], [NAN] * 4, [NAN] * 4],
)


def _named(subjects: list[Subject], name: str) -> Subject:
    return next(subject for subject in subjects if subject.name == name)


def test_a_meter_that_counts_no_export_has_none() -> None:
    subjects = list(meter_subjects(energies_of(MATRIX, SPAN), REGISTRY))
    assert [subject.name for subject in subjects] == ["M", "S", "PV"]
    assert _named(subjects, "M").export_kwh is None
    np.testing.assert_array_equal(_named(subjects, "PV").net_kwh, [-2.0, 5.0, NAN, -1.0])


def test_a_point_is_its_main_meter_less_what_hangs_behind_it() -> None:
    subjects = list(point_subjects(energies_of(MATRIX, SPAN), REGISTRY))
    point = _named(subjects, "P")
    np.testing.assert_array_equal(point.import_kwh, [9.0, 8.0, 7.0, NAN])
    assert point.export_kwh is None
    assert point.lagging_kvarh is None  # the meter behind does not count it
    export = _named(subjects, "Q").export_kwh
    assert export is not None
    np.testing.assert_array_equal(export, [2.0, 0.0, NAN, 1.0])


def test_a_point_whose_meter_counts_no_reactive_energy_has_zeros() -> None:
    matrix = _matrix([[1, 1, 1, 1]] * 3, kvarh=[[NAN] * 4, [NAN] * 4, [0, 0, NAN, 0]])
    lagging = _named(list(point_subjects(energies_of(matrix, SPAN), REGISTRY)), "Q").lagging_kvarh
    assert lagging is not None
    np.testing.assert_array_equal(lagging, [0.0, 0.0, NAN, 0.0])


def test_a_total_adds_and_subtracts_with_zeros_for_what_a_meter_does_not_count() -> None:
    (total,) = total_subjects(energies_of(MATRIX, SPAN), REGISTRY)
    np.testing.assert_array_equal(total.import_kwh, [10.0, 5.0, 10.0, 10.0])
    assert total.export_kwh is not None
    np.testing.assert_array_equal(total.export_kwh, [-2.0, 0.0, NAN, -1.0])


def test_a_span_beyond_the_matrix_is_missing_there() -> None:
    energies = energies_of(MATRIX, (AT, AT.replace(hour=18)))
    assert energies.columns["import_kwh"].shape == (3, 8)
    assert np.isnan(energies.columns["import_kwh"][0, 4:]).all()
    assert set(energies.quality[0, 4:]) == {"N"}


def test_a_span_that_begins_within_a_slot_is_refused() -> None:
    with pytest.raises(DataError, match="15 min do not begin at 2026-03-01T16:05"):
        energies_of(MATRIX, (AT.replace(minute=5), SPAN[1]))


def test_a_meter_fitted_within_the_span_has_the_days_of_where_it_hangs() -> None:
    berlin, at = ZoneInfo("Europe/Berlin"), AT.replace(minute=30)
    archive = replace(
        REGISTRY,
        areas=[Area(id="A", zone=berlin)],
        installations=[replace(i, starts_at=at) for i in REGISTRY.installations],
    )
    energies = energies_of(MATRIX, SPAN)
    (total,) = total_subjects(energies, archive)
    assert {subject.zone for subject in meter_subjects(energies, archive)} == {berlin}
    assert total.zone == berlin
