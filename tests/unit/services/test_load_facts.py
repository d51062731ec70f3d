from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from pipeline.archive_records import AreaMember, MemberRole
from pipeline.contracts import Suspension
from pipeline.model import MeterId
from pipeline.records import TimedValues
from pipeline.registry import Installation, Ratio, Registry, Role
from pipeline.timegrid import to_numpy
from services.load_facts import DEMAND, DEMAND_AT, meter_facts, only_meter, point_facts
from tests.load_archive import AT, REGISTRY, SPAN, M, S, known_of


def _shown(*values: tuple[datetime, float]) -> TimedValues:
    return TimedValues(
        meters=[M] * len(values),
        taken_at=np.array([to_numpy(at) for at, _ in values]),
        values=np.array([value for _, value in values]),
    )


def test_a_demand_is_on_the_primary_side_with_the_time_of_the_same_reading() -> None:
    later, early = AT.replace(hour=20), AT.replace(hour=18)
    told = AT.replace(minute=30).timestamp()
    readings = {DEMAND: _shown((early, 0.5), (later, 0.75)), DEMAND_AT: _shown((later, told))}
    register = meter_facts(known_of(readings=readings), M).register
    assert register is not None
    assert register.kw.tolist() == [150.0]  # 0.75 kW x 20 x 10
    assert register.at.tolist() == [to_numpy(AT.replace(minute=30)).item()]
    assert register.taken_at.tolist() == [to_numpy(later).item()]


@pytest.mark.parametrize(("minute", "kw"), [(29, 100.0), (30, 100.0), (31, 200.0)])
def test_a_demand_has_the_ratio_of_its_own_time(minute: int, kw: float) -> None:
    # 5 kW on the meter, read when CT 20 had become CT 40 at 16:30; one that ends then was drawn before.
    change = AT.replace(minute=30)
    ratios = [Ratio(meter=M, ct=20, ends_at=change), Ratio(meter=M, ct=40, starts_at=change)]
    told = AT.replace(minute=minute).timestamp()
    readings = {DEMAND: _shown((SPAN[1], 5.0)), DEMAND_AT: _shown((SPAN[1], told))}
    register = meter_facts(known_of(replace(REGISTRY, ratios=ratios), readings), M).register
    assert register is not None
    assert register.kw.tolist() == [kw]


def test_a_register_without_times_tells_nothing() -> None:
    assert meter_facts(known_of(readings={DEMAND: _shown((AT, 0.5))}), M).register is None


def test_phase_powers_are_on_the_primary_side() -> None:
    phases = meter_facts(known_of(), M).phases_kw
    assert phases is not None
    assert phases[:, 0].tolist() == [200.0, 400.0, 600.0]


def test_a_point_has_its_contract_and_all_its_transformers() -> None:
    facts = point_facts(known_of(), "P")
    assert facts.contract == REGISTRY.contracts[0]
    assert facts.capacity_kva is not None
    assert facts.capacity_kva.tolist() == [800.0] * 4
    assert str(facts.wants["standard"]) == "[[contract]] of service point P: category"


def test_a_filed_standard_that_is_none_is_named() -> None:
    contract = replace(REGISTRY.contracts[0], power_factor_standard=0.93)
    facts = point_facts(known_of(replace(REGISTRY, contracts=[contract])), "P")
    assert str(facts.wants["standard"]) == (
        "[[contract]] of service point P: power_factor_standard one of 0.90, 0.85, 0.80, not 0.93"
    )


def test_a_transformer_without_a_capacity_leaves_the_sum_unknown() -> None:
    facts = point_facts(known_of(), "Q")
    assert facts.capacity_kva is None
    assert str(facts.wants["transformer"]) == "[[transformer]] of service point Q: capacity_kva"
    assert str(facts.wants["contract"]) == "[[contract]] of service point Q: contract_demand_kw"


@pytest.mark.parametrize(("role", "meter"), [(Role.CHECK, M), (Role.SUBTRACT, None), (Role.MAIN, None)])
def test_registers_and_phases_are_those_of_one_meter(role: Role, meter: MeterId | None) -> None:
    second = Installation(meter=S, service_point="P", role=role)
    registry = Registry(meters=REGISTRY.meters, installations=[*REGISTRY.installations, second])
    known = known_of(registry)
    assert only_meter(registry, "P", known.energies) == meter
    assert (point_facts(known, "P").wants["phases"].key == "one_meter_phases") == (meter is None)


def test_slots_that_a_suspension_touches_say_nothing_of_the_shape() -> None:
    # Four quarters of an hour from AT: the stop begins within the second and ends with the third.
    stop = Suspension(
        id="S", service_point="P", starts_at=AT + timedelta(minutes=20), ends_at=AT + timedelta(minutes=45)
    )
    known = known_of(replace(REGISTRY, suspensions=[stop]))
    for facts in (point_facts(known, "P"), meter_facts(known, M)):
        assert facts.suspended is not None
        assert facts.suspended.tolist() == [False, True, True, False]
    open_ended = known_of(replace(REGISTRY, suspensions=[replace(stop, ends_at=None)]))
    assert point_facts(open_ended, "P").suspended.tolist() == [False, True, True, True]  # type: ignore[union-attr]  # it has one
    assert point_facts(known, "Q").suspended is None


def test_what_feeds_an_area_is_told_as_that() -> None:
    known = known_of(
        replace(REGISTRY, area_members=[AreaMember(area="A", service_point="P", role=MemberRole.SUPPLY)])
    )
    assert point_facts(known, "P").supplies_area
    assert meter_facts(known, M).supplies_area
    assert not point_facts(known, "Q").supplies_area
    assert not meter_facts(known, S).supplies_area


@pytest.mark.parametrize(("ends_at", "supplies"), [(SPAN[0], False), (SPAN[1], True)])
def test_what_fed_an_area_before_the_span_is_a_customer_in_it(ends_at: datetime, *, supplies: bool) -> None:
    fed = AreaMember(area="A", service_point="P", role=MemberRole.SUPPLY, ends_at=ends_at)
    known = known_of(replace(REGISTRY, area_members=[fed]))
    assert point_facts(known, "P").supplies_area is supplies
    assert meter_facts(known, M).supplies_area is supplies
