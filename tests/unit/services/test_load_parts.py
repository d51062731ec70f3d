import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.documents import load_document
from analysis.load.summary import LoadSummary, SubjectKind
from pipeline.archive_records import AreaMember, MemberRole, Transformer
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.tariff import DaySchedule, EnergyCharge, Period, Tariff
from pipeline.tariff import Span as Hours
from pipeline.timegrid import slot_grid
from services.load_groups import Span
from services.load_output import advice_lines, problem_lines
from services.load_parts import EVERY_KIND, Part, summaries

AT = datetime(2026, 3, 1, 16, tzinfo=UTC)
DAY = AT, AT + timedelta(days=1)
NAMES = [MeterId(name) for name in ("H1", "H2", "SUPPLY")]


def _registry(zone: str = "Asia/Shanghai") -> Registry:
    return Registry(
        meters=[Meter(id=name) for name in NAMES],
        areas=[Area(id="A", zone=ZoneInfo(zone))],
        service_points=[ServicePoint(id=f"P-{name}", area="A") for name in (*NAMES, "ABSENT")],
        installations=[Installation(meter=name, service_point=f"P-{name}") for name in NAMES],
        contracts=[Contract(service_point=f"P-{name}", category="home") for name in NAMES[:2]],
        area_members=[AreaMember(area="A", service_point="P-SUPPLY", role=MemberRole.SUPPLY)],
        transformers=[Transformer(id="T", area="A", capacity_kva=100.0)],
    )


def _part(registry: Registry, kinds: frozenset[SubjectKind] = EVERY_KIND) -> Part:
    # H1 draws 10 kW and 30 kW at noon, H2 5 kW and 25 kW in the evening; the transformer carries 2 kW more.
    kwh = np.vstack([np.full(96, 2.5), np.full(96, 1.25), np.zeros(96)])
    kwh[0, 48], kwh[1, 80] = 7.5, 6.25
    kwh[2] = kwh[0] + kwh[1] + 0.5
    matrix = MeterMatrix(
        meters=NAMES,
        starts_at=slot_grid(*DAY, 15),
        minutes=15,
        values={},
        import_kwh=kwh,
        quality=np.full(kwh.shape, "A"),
        step_kwh=np.ones(3),
        power_kw=kwh,
    )
    return Part(registry=registry, matrix=matrix, registers={}, kinds=kinds)


def _found(*parts: Part, span: Span = DAY) -> dict[tuple[str, str], LoadSummary]:
    return {(s.kind.value, s.name): s for s in summaries(parts, lambda _zone: span, frozenset())}


def test_every_kind_of_subject_is_told_of() -> None:
    found = _found(_part(_registry()))
    assert list(found) == [
        ("meter", "H1"),
        ("meter", "H2"),
        ("meter", "SUPPLY"),
        ("service_point", "P-H1"),
        ("service_point", "P-H2"),
        ("service_point", "P-SUPPLY"),
        ("area", "A"),
        ("category", "home"),
    ]


def test_an_area_is_its_members_and_its_transformer_carries_the_supply() -> None:
    # Highest sum: 30 + 5 = 35 kW at noon, maxima 30 + 25 = 55 kW. The transformer carries 37 kW of 100 kVA.
    area = _found(_part(_registry()))["area", "A"]
    assert area.curve.maximum is not None
    assert area.curve.maximum.kw == 35.0
    assert area.coincidence is not None
    assert area.coincidence.coincidence == pytest.approx(35.0 / 55.0)
    assert area.coincidence.members["P-H2"].peak_coincidence == pytest.approx(5.0 / 25.0)
    assert area.transformer is not None
    assert area.transformer.highest_percent == pytest.approx(37.0)
    assert (area.members, area.absent) == (["P-H1", "P-H2"], {"P-ABSENT": 0.0})


def test_a_category_goes_through_all_parts() -> None:
    whole = _part(_registry())
    archive = whole.registry

    def half(row: int) -> Part:
        names = [NAMES[row]]
        installations = [i for i in archive.installations if i.meter in names]
        part = Registry(
            meters=[Meter(id=NAMES[row])],
            areas=archive.areas,
            service_points=[archive.service_points[row]],
            installations=installations,
            contracts=[archive.contracts[row]],
        )
        return Part(registry=part, matrix=whole.matrix.part(slice(row, row + 1)), registers={})

    found = _found(half(0), half(1))["category", "home"]
    assert found.members == ["P-H1", "P-H2"]
    assert found.curve.maximum is not None
    assert found.curve.maximum.kw == 35.0


def test_a_filed_tariff_gives_shares_and_advice() -> None:
    archive = _registry()
    valley = DaySchedule(spans=(Hours(from_minute=0, to_minute=480, period=Period.VALLEY),))
    prices = {Period.FLAT: Decimal("0.80"), Period.VALLEY: Decimal("0.30")}
    tariffs = [Tariff(id="T", schedules=(valley,), charges=(EnergyCharge(item="energy", prices=prices),))]
    contracts = [Contract(service_point="P-H1", category="home", tariff="T")]
    found = _found(_part(replace(archive, contracts=contracts, tariffs=tariffs)))["service_point", "P-H1"]
    # 32 quarters at night of 2.5 kWh; 63 by day and one of 7.5 kWh: 80 and 165 kWh.
    assert found.tariff is not None
    assert {period: share.kwh for period, share in found.tariff.periods.items()} == {
        Period.FLAT: 165.0,
        Period.VALLEY: 80.0,
    }
    # A tenth of 165 kWh at 0.50 yuan less.
    assert [(one.kind, one.saving_yuan) for one in found.advice] == [("shift", Decimal("8.25"))]
    document = json.loads(json.dumps(load_document(found)))
    assert document["advice"][0]["prices"] == {"dear_yuan_per_kwh": 0.8, "cheap_yuan_per_kwh": 0.3}
    assert "tariff" not in document["wants"]
    assert document["wants"].keys() == document["wanted"].keys()
    assert document["wanted"]["power_factor"] == {
        "key": "reactive",
        "parameters": {"quantities": ["import_kvarh"]},
    }
    assert advice_lines([found]) == ["P-H1: Shifting 16 kWh from flat to valley hours saves 8.25 yuan"]


def test_what_is_odd_is_told_of_the_meter_and_its_service_point() -> None:
    whole = _part(_registry())
    kwh = whole.matrix.import_kwh.copy()
    kwh[0, :4] = -500.0
    export = np.vstack([np.full(96, 0.25), np.zeros(96), np.full(96, 0.25)])
    matrix = replace(whole.matrix, import_kwh=kwh, energies={"export_kwh": export})
    found = _found(replace(whole, matrix=matrix))
    told = {key: [problem.kind.value for problem in one.problems] for key, one in found.items()}
    assert told["meter", "H1"] == ["impossible_energy"]
    # 92 slots of 0.25 kWh flow back in a day; what the supply meter feeds back is no customer's.
    assert told["service_point", "P-H1"] == ["impossible_energy", "fed_in_unfiled"]
    assert told["service_point", "P-H2"] == told["service_point", "P-SUPPLY"] == []
    point = found["service_point", "P-H1"]
    # 91 quarters of 2.5 kWh and one of 7.5 kWh.
    assert (point.import_kwh, point.actual_share) == (235.0, 92 / 96)
    generates = [replace(c, generation=True) for c in whole.registry.contracts]
    filed = replace(whole, matrix=matrix, registry=replace(whole.registry, contracts=generates))
    assert [p.kind.value for p in _found(filed)["service_point", "P-H1"].problems] == ["impossible_energy"]
    assert problem_lines([found["meter", "H1"], point])[0].startswith(
        "P-H1: 4 intervals of H1 are below zero"
    )


def test_only_wanted_kinds_are_told_of() -> None:
    assert list(_found(_part(_registry(), frozenset({SubjectKind.METER})))) == [
        ("meter", str(name)) for name in NAMES
    ]


def test_each_zone_has_its_own_span() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spans = {berlin: (AT + timedelta(hours=6), AT + timedelta(hours=12))}
    found = list(
        summaries([_part(_registry("Europe/Berlin"))], lambda zone: spans.get(zone, DAY), frozenset())
    )
    assert {(s.zone, s.ends_at - s.starts_at) for s in found} == {("Europe/Berlin", timedelta(hours=6))}


def test_a_span_that_has_not_begun_says_nothing() -> None:
    assert _found(_part(_registry()), span=(AT, AT)) == {}


def test_an_area_is_told_only_out_of_the_part_that_has_it_whole() -> None:
    registry = _registry()
    told = replace(_part(registry), areas=frozenset({"A"}))
    passed = replace(_part(registry), areas=frozenset({"elsewhere"}))
    assert ("area", "A") in _found(told)
    assert ("area", "A") not in _found(passed)


def test_a_part_of_areas_alone_tells_no_point_and_no_meter_again() -> None:
    alone = _part(_registry(), kinds=frozenset({SubjectKind.AREA}))
    found = _found(alone)
    assert list(found) == [("area", "A")]
    assert found["area", "A"].curve.energy_kwh == _found(_part(_registry()))["area", "A"].curve.energy_kwh


def test_a_part_tells_its_own_points_and_meters_alone() -> None:
    told = replace(
        _part(_registry(), kinds=frozenset({SubjectKind.METER, SubjectKind.SERVICE_POINT})),
        points=frozenset({"P-H2"}),
        meters=frozenset({NAMES[0]}),
    )
    assert list(_found(told)) == [("meter", "H1"), ("service_point", "P-H2")]
