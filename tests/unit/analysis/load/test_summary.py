from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.contract import ContractStretch
from analysis.load.levels import load_levels
from analysis.load.summary import Facts, GroupFacts, Subject, SubjectKind, summarise
from pipeline.contracts import BasicCharge, Contract
from pipeline.load_wants import Want
from pipeline.tariff import Tariff
from pipeline.timegrid import slot_grid

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 1, 16, tzinfo=UTC)
SPAN = AT, AT + timedelta(days=1)
LEVELS = load_levels()


def _subject(**others: np.ndarray) -> Subject:
    at = slot_grid(*SPAN, 15)
    kwh = np.full(96, 10.0)
    kwh[40] = 25.0
    return Subject(
        kind=SubjectKind.SERVICE_POINT,
        name="P",
        zone=ZONE,
        starts_at=at,
        minutes=15,
        import_kwh=kwh,
        quality=np.array(["A"] * 72 + ["E"] * 24),
        **others,
    )


def test_demand_is_of_import_and_the_curve_is_net() -> None:
    # 10 kWh in and 12 out is -2 kWh, -8 kW. The highest block: 25 kWh in (100 kW), 13 kWh net (52 kW).
    found = summarise(_subject(export_kwh=np.full(96, 12.0)), Facts(), SPAN, LEVELS)
    assert found.demand.block is not None
    assert found.demand.block.kw == 100.0
    assert found.curve.maximum is not None
    assert found.curve.maximum.kw == 52.0
    assert found.curve.minimum is not None
    assert found.curve.minimum.kw == -8.0
    assert (found.import_kwh, found.export_kwh) == (975.0, 1152.0)
    assert found.curve.energy_kwh == pytest.approx(975.0 - 1152.0)
    assert found.actual_share == 0.75


def test_what_is_missing_names_what_it_wants() -> None:
    wants = {
        name: Want(key="reactive", parameters={"quantities": [name]})
        for name in ("contract", "power_factor", "transformer", "phases", "register")
    }
    found = summarise(_subject(), Facts(wants=wants), SPAN, LEVELS)
    assert found.wants == wants
    assert (found.contract, found.power_factor, found.transformer, found.phases) == (None,) * 4
    assert (found.coincidence, found.export_kwh) == (None, None)


WANT = Want(key="one_meter_phases")
CONTRACT = Contract(
    service_point="P",
    category="large industry",
    capacity_kva=200.0,
    contract_demand_kw=80.0,
    basic_charge=BasicCharge.DEMAND,
)


def test_what_is_there_wants_nothing() -> None:
    facts = Facts(
        contract=CONTRACT,
        contracts=[ContractStretch(starts_at=SPAN[0], ends_at=SPAN[1], contract=CONTRACT)],
        capacity_kva=np.full(96, 200.0),
        phases_kw=np.ones((3, 96)),
        wants={
            "contract": WANT,
            "power_factor": WANT,
            "standard": WANT,
            "double_kw": WANT,
            "transformer": WANT,
            "phases": WANT,
        },
    )
    found = summarise(_subject(lagging_kvarh=np.zeros(96)), facts, SPAN, LEVELS)
    assert found.wants == {}
    assert found.contract is not None
    assert found.contract.double_kw == pytest.approx(100.0 - 84.0)
    assert found.transformer is not None
    assert (found.transformer.basis, found.transformer.highest_percent) == ("apparent", 50.0)
    assert found.power_factor is not None
    assert found.power_factor.standard == 0.9


def test_a_transformer_carries_what_its_supply_meters_count() -> None:
    carried = _subject(lagging_kvarh=np.full(96, 0.0))
    area = replace(_subject(export_kwh=np.full(96, 10.0)), kind=SubjectKind.AREA)
    found = summarise(area, Facts(capacity_kva=np.full(96, 50.0), supplied=carried), SPAN, LEVELS)
    assert found.transformer is not None
    assert found.transformer.highest_percent == 200.0


def test_without_its_supply_meters_the_loading_of_an_area_is_unknown() -> None:
    # What its members draw is less than what it carries: a heavy transformer would look like a normal one.
    facts = Facts(capacity_kva=np.full(96, 50.0), wants={"transformer": WANT})
    found = summarise(replace(_subject(), kind=SubjectKind.AREA), facts, SPAN, LEVELS)
    assert (found.transformer, found.wants) == (None, {"transformer": WANT})


def test_holidays_are_those_of_a_tariff_that_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Tariff | None] = []
    monkeypatch.setattr(
        "analysis.load.summary.load_shape", lambda *_given, tariff, **_others: told.append(tariff)
    )
    old, later = Tariff(id="T"), Tariff(id="T", starts_at=SPAN[1])
    summarise(_subject(), Facts(tariffs=[old, later]), SPAN, LEVELS)
    summarise(_subject(), Facts(tariffs=[later]), SPAN, LEVELS)
    assert told == [old, None]


def test_a_group_tells_of_its_members() -> None:
    blocks = _subject().net_blocks
    stays = {"b": [(AT, AT + timedelta(hours=1))]}
    group = GroupFacts(
        members={"a": blocks, "b": blocks},
        absent={"c": 0.5},
        stays=stays,
        import_kwh=1000.0,
        export_kwh=None,
        coverage=0.99,
    )
    found = summarise(_subject(), Facts(group=group), SPAN, LEVELS)
    assert found.coincidence is not None
    assert found.coincidence.coincidence == 1.0
    assert (found.members, found.absent, found.stays) == (["a", "b"], {"c": 0.5}, stays)
    assert (found.import_kwh, found.energy_coverage, found.curve.energy_kwh) == (1000.0, 0.99, 975.0)


def test_a_plant_at_rest_is_no_holiday_home() -> None:
    # Four weeks from Monday 2 March in Shanghai: two at 40 kW day and night, then two at nothing.
    span = AT, AT + timedelta(days=28)
    at = slot_grid(*span, 15)
    kwh = np.where(np.arange(len(at)) < 14 * 96, 10.0, 0.0)
    plant = replace(_subject(), starts_at=at, import_kwh=kwh, quality=np.full(len(at), "A"))
    away = summarise(plant, Facts(), span, LEVELS).shape
    assert away is not None
    assert away.shape == "holiday_home"
    known = summarise(plant, Facts(suspended=kwh == 0.0), span, LEVELS).shape
    assert known is not None
    assert (known.shape, known.coverage) == ("continuous", 0.5)
    supply = summarise(plant, Facts(supplies_area=True), span, LEVELS)
    assert (supply.shape, supply.supplies_area) == (None, True)
