"""The line loss of an area, every sum written out; each kWh is in it once, whatever the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.line_loss import AreaDay, LossVerdict, TransformerPart, WhyUnknown
from pipeline.archive_records import AreaMember, MemberRole, MeteringSide, Transformer
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.registry import Installation, Meter
from tests.loss_areas import AREA, FIRST, hourly, losses, registry

HONEST: dict[str, float | np.ndarray] = {"S": 10.0, "A": 4.0, "B": 3.0, "C": 2.5}


def _day(seen_day: int = 0, **changes: float | np.ndarray) -> AreaDay:
    archive = registry()
    (loss,) = losses(hourly(HONEST | changes, 3, archive), archive)
    return loss.days[seen_day]


def test_a_day_is_what_came_in_less_what_went_out() -> None:
    day = _day()
    # In 24 x 10; out 24 x (4 + 3 + 2.5) = 228; lost 12, of 240 that is 5 %.
    assert day.energy_in_kwh == pytest.approx(240.0)
    assert day.energy_out_kwh == pytest.approx(228.0)
    assert day.loss_kwh == pytest.approx(12.0)
    assert day.loss_percent == pytest.approx(5.0)
    assert (day.verdict, day.members, day.known, day.slot_coverage) == (LossVerdict.NORMAL, 3, 3, 1.0)
    # The load never changes: a fixed part explains all of it.
    assert day.technical_kwh == pytest.approx(12.0)
    assert day.unexplained_kwh == pytest.approx(0.0, abs=1e-9)


def test_generation_of_members_and_what_flows_back_are_counted_on_their_sides() -> None:
    archive = registry()
    # C makes 2 kWh more than he needs, 1 of it leaves the area through the supply meter.
    seen = hourly({"S": 1.0, "A": 1.2, "B": 0.6, "C": 0.0}, 2, archive, export={"C": 2.0, "S": 1.0})
    (loss,) = losses(seen, archive)
    day = loss.days[0]
    # In 24 x (1 + 2) = 72; out 24 x (1.2 + 0.6 + 1) = 67.2; lost 4.8, 6.67 % of 72.
    assert day.energy_in_kwh == pytest.approx(72.0)
    assert day.fed_in_kwh == pytest.approx(48.0)
    assert day.energy_out_kwh == pytest.approx(67.2)
    assert day.loss_kwh == pytest.approx(4.8)
    assert day.loss_percent == pytest.approx(100 * 4.8 / 72)


def test_a_missing_export_slot_makes_its_member_missing_and_not_the_whole_area_unknown() -> None:
    names = tuple(f"M{n}" for n in range(20))
    archive = registry(members=names)
    gap = np.full(72, 0.5)
    gap[26] = np.nan
    kwh: dict[str, float | np.ndarray] = {"S": 19.0, **dict.fromkeys(names, 1.0)}
    (loss,) = losses(hourly(kwh, 3, archive, export={"M0": gap}), archive)
    whole, day = loss.days[0], loss.days[1]
    # Each day in 24 x (19 + 0.5), out 24 x 20: M0 is missing on the second, filled with 24 x (1 - 0.5) = 12.
    assert (whole.known, whole.missing, whole.filled_kwh) == (20, (), 0.0)
    assert (day.known, day.members, day.missing, day.filled_kwh) == (19, 20, ("P-M0",), 12.0)
    # What he feeds in is not known: in 24 x 19; the supply less 24 x 19 of the others and his 12.
    assert day.energy_in_kwh == pytest.approx(456.0)
    assert day.loss_kwh == pytest.approx(456.0 - 456.0 - 12.0)
    assert day.why is None
    # Of three members one is too many to be missing, and that is what is said.
    archive = registry()
    (loss,) = losses(hourly(HONEST, 3, archive, export={"C": gap}), archive)
    day = loss.days[1]
    assert (day.verdict, day.why, day.missing) == (
        LossVerdict.UNKNOWN,
        WhyUnknown.MEMBERS_MISSING,
        ("P-C",),
    )


def test_a_missing_export_slot_of_a_supply_meter_is_a_missing_supply() -> None:
    archive = registry()
    gap = np.full(72, 0.5)
    gap[26] = np.nan
    (loss,) = losses(hourly(HONEST, 3, archive, export={"S": gap}), archive)
    assert loss.days[1].why is WhyUnknown.SUPPLY_MISSING
    assert loss.days[1].missing_supplies == ("P-S",)


def test_several_supply_meters_count_with_their_signs() -> None:
    archive = registry(supplies=("S", "S2", "TIE"))
    members = [replace(m, sign=-1) if m.service_point == "P-TIE" else m for m in archive.area_members]
    archive = replace(archive, area_members=members)
    kwh: dict[str, float | np.ndarray] = {"S": 8.0, "S2": 4.0, "TIE": 2.0, "A": 4.0, "B": 3.0, "C": 2.5}
    (loss,) = losses(hourly(kwh, 2, archive, export={"TIE": 0.5}), archive)
    # The tie takes 2 kWh on to the neighbour and brings 0.5 back: in 24 x 12.5, out 24 x (9.5 + 2).
    assert loss.days[0].energy_in_kwh == pytest.approx(300.0)
    assert loss.days[0].energy_out_kwh == pytest.approx(276.0)
    assert loss.days[0].loss_kwh == pytest.approx(24.0)


def test_a_day_without_the_supply_or_too_many_members_is_unknown_and_says_who_is_missing() -> None:
    gap = np.full(72, 10.0)
    gap[30:34] = np.nan
    day = _day(1, S=gap)
    assert (day.verdict, day.why, day.loss_kwh) == (LossVerdict.UNKNOWN, WhyUnknown.SUPPLY_MISSING, None)
    assert day.missing_supplies == ("P-S",)
    gap = np.full(72, 3.0)
    gap[30:34] = np.nan
    day = _day(1, B=gap)
    assert (day.verdict, day.why) == (LossVerdict.UNKNOWN, WhyUnknown.MEMBERS_MISSING)
    assert day.missing == ("P-B",)
    assert day.slot_coverage == pytest.approx((3 + 20 / 24) / 4)
    assert day.energy_in_kwh == pytest.approx(240.0)


def test_one_of_thirty_members_may_be_missing_and_what_stands_in_for_him_is_stated() -> None:
    names = [f"M{n}" for n in range(30)]
    archive = registry(names)
    kwh: dict[str, float | np.ndarray] = {"S": 62.0, **dict.fromkeys(names, 2.0)}
    gone = np.full(72, 2.0)
    gone[48:] = np.nan
    (loss,) = losses(hourly(kwh | {"M7": gone}, 3, archive), archive)
    day = loss.days[2]
    # 29 x 48 are known, 48 stand in: 24 x 62 - 30 x 48 = 48.
    assert (day.known, day.missing) == (29, ("P-M7",))
    assert day.filled_kwh == pytest.approx(48.0)
    assert day.loss_kwh == pytest.approx(48.0)
    never = kwh | {"M7": np.full(72, np.nan)}
    (loss,) = losses(hourly(never, 3, archive), archive)
    assert {day.why for day in loss.days} == {WhyUnknown.MEMBER_NEVER_READ}


def test_negative_and_high_losses_are_called_so() -> None:
    assert _day(S=9.0).verdict is LossVerdict.NEGATIVE
    assert _day(S=12.0).verdict is LossVerdict.HIGH


def test_the_two_meters_of_a_swap_make_its_day_known() -> None:
    archive = registry(("A", "B", "C", "C2"))
    at = FIRST + timedelta(days=1, hours=10)
    archive = replace(
        archive,
        installations=[
            *(i for i in archive.installations if i.meter not in {"C", "C2"}),
            Installation(meter=MeterId("C"), service_point="P-C", ends_at=at),
            Installation(meter=MeterId("C2"), service_point="P-C", starts_at=at),
        ],
        area_members=[m for m in archive.area_members if m.service_point != "P-C2"],
    )
    old, new = np.full(72, 2.5), np.full(72, 2.5)
    old[34:], new[:34] = np.nan, np.nan
    (loss,) = losses(hourly(HONEST | {"C": old, "C2": new}, 3, archive), archive)
    assert [day.loss_kwh for day in loss.days] == pytest.approx([12.0, 12.0, 12.0])
    # An hour that neither meter has is a gap of the point.
    old[33] = np.nan
    (loss,) = losses(hourly(HONEST | {"C": old, "C2": new}, 3, archive), archive)
    assert loss.days[1].missing == ("P-C",)


def test_days_of_23_and_25_hours_are_whole_days() -> None:
    zurich = ZoneInfo("Europe/Zurich")
    archive = registry(zone=zurich)
    for month, number, hours in ((3, 29, 23), (10, 25, 25)):
        first = datetime(2026, month, number, tzinfo=zurich)
        (loss,) = losses(hourly(HONEST, 1, archive, first=first), archive)
        (day,) = loss.days
        assert day.energy_in_kwh == pytest.approx(hours * 10.0)
        assert day.loss_kwh == pytest.approx(hours * 0.5)
        assert day.technical_kwh == pytest.approx(hours * 0.5)
        assert day.slot_coverage == 1.0


def test_overlapping_memberships_count_once() -> None:
    archive = registry()
    twice = [
        *archive.area_members,
        AreaMember(area=AREA, service_point="P-A", ends_at=FIRST + timedelta(days=9)),
    ]
    again = replace(archive, area_members=twice)
    (one,), (other,) = (losses(hourly(HONEST, 3, a), a) for a in (archive, again))
    assert [day.loss_kwh for day in other.days] == pytest.approx([day.loss_kwh for day in one.days])
    assert other.days[0].members == 3


def test_a_member_that_comes_counts_from_its_day_on_and_two_days_later_is_judged() -> None:
    archive = registry()
    members = [
        replace(m, starts_at=FIRST + timedelta(days=1)) if m.service_point == "P-C" else m
        for m in archive.area_members
    ]
    archive = replace(archive, area_members=members)
    supply = np.full(24 * 6, 10.0)
    supply[:24] = 7.5
    (loss,) = losses(hourly(HONEST | {"S": supply}, 6, archive), archive)
    assert [day.members for day in loss.days] == [2, 3, 3, 3, 3, 3]
    assert [day.why for day in loss.days] == [None, *[WhyUnknown.MEMBER_MOVED] * 3, None, None]
    assert loss.days[0].loss_kwh == pytest.approx(12.0)
    assert loss.days[4].loss_kwh == pytest.approx(12.0)


def test_a_feeder_takes_the_supplies_of_areas_for_its_members() -> None:
    archive = registry()
    feeder = [
        AreaMember(area="F", service_point="P-F", role=MemberRole.SUPPLY),
        AreaMember(area="F", service_point="P-S"),
    ]
    archive = replace(
        archive,
        meters=[*archive.meters, Meter(id=MeterId("F"))],
        installations=[*archive.installations, Installation(meter=MeterId("F"), service_point="P-F")],
        area_members=[*archive.area_members, *feeder],
    )
    found = {loss.area: loss for loss in losses(hourly(HONEST | {"F": 10.4}, 2, archive), archive)}
    assert found["F"].days[0].loss_kwh == pytest.approx(24 * 0.4)
    assert found[AREA].days[0].loss_kwh == pytest.approx(12.0)


def test_every_kwh_of_a_day_is_in_the_balance_once() -> None:
    archive = registry()
    random = np.random.default_rng(4)
    seen = hourly({name: random.gamma(2.0, 1.0, 72) for name in HONEST}, 3, archive)
    (loss,) = losses(seen, archive)
    of_day = seen.import_kwh.reshape(4, 3, 24).sum(axis=2)
    for place, day in enumerate(loss.days):
        supplied, out_of = of_day[0, place], of_day[1:, place].sum()
        assert day.energy_in_kwh == pytest.approx(supplied)
        assert day.loss_kwh == pytest.approx(supplied - out_of)


def test_a_transformer_counts_only_behind_the_meter_and_with_a_size_of_the_table() -> None:
    archive = registry()
    seen = hourly(HONEST, 3, archive)

    def part(capacity: float | None, kv: float | None) -> TransformerPart:
        with_unit = replace(
            archive,
            transformers=[Transformer(id="T1", area=AREA, capacity_kva=capacity)],
            contracts=[Contract(service_point="P-S", supply_voltage_kv=kv)],
        )
        (loss,) = losses(seen, with_unit)
        if loss.transformer_part is TransformerPart.BY_TABLE:
            # 100 kVA: 0.2 kW of iron in every hour.
            assert loss.transformer.fixed_kwh == pytest.approx(0.2)
            assert loss.technical.fixed_kwh + loss.technical.per_square * 100 == pytest.approx(0.5)
        return loss.transformer_part

    assert part(100.0, 10.0) is TransformerPart.BY_TABLE
    assert part(100.0, 0.38) is part(100.0, None) is TransformerPart.BEFORE_METER
    assert part(101.0, 10.0) is part(None, 10.0) is TransformerPart.UNKNOWN_SIZE
    (loss,) = losses(seen, archive)
    assert loss.transformer_part is TransformerPart.NOT_FILED


def test_a_supply_metered_on_the_low_side_does_not_see_its_transformer() -> None:
    archive = registry()
    seen = hourly(HONEST, 3, archive)

    filed = Transformer(id="T1", area=AREA, capacity_kva=100.0)

    def part(side: MeteringSide | None, kv: float | None, unit: Transformer = filed) -> TransformerPart:
        with_unit = replace(
            archive,
            transformers=[unit],
            contracts=[Contract(service_point="P-S", supply_voltage_kv=kv, metering_side=side)],
        )
        (loss,) = losses(seen, with_unit)
        return loss.transformer_part

    assert part(MeteringSide.LOW, 10.0) is TransformerPart.BEFORE_METER
    assert part(MeteringSide.HIGH, None) is TransformerPart.BY_TABLE
    assert part(None, 10.0, replace(filed, no_load_loss_kw=0.3)) is TransformerPart.BY_TABLE
    assert part(None, 10.0, replace(filed, no_load_loss_kw=0.3, load_loss_kw=1.4)) is TransformerPart.BY_PLATE
    # Not in service before the window's end, and just in service.
    assert part(None, 10.0, replace(filed, starts_at=FIRST + timedelta(days=3))) is TransformerPart.NOT_FILED
    assert part(None, 10.0, replace(filed, starts_at=FIRST + timedelta(days=2))) is TransformerPart.BY_TABLE


def test_nobody_is_ranked_before_there_are_weeks_to_compare() -> None:
    archive = registry()
    (loss,) = losses(hourly(HONEST, 3, archive), archive)
    assert loss.judged_from is None
    assert loss.suspects == ()
    (loss,) = losses(hourly(HONEST, 25, archive), archive)
    assert loss.judged_from == date(2026, 3, 9)
    assert {suspect.service_point for suspect in loss.suspects} == {"P-A", "P-B", "P-C"}


def test_an_area_without_a_supply_meter_has_no_loss() -> None:
    archive = registry(supplies=())
    kwh = {name: value for name, value in HONEST.items() if name != "S"}
    assert losses(hourly(kwh, 2, archive), archive) == []
