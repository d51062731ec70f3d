from dataclasses import replace
from datetime import timedelta

import pytest

from detectors.engine import run
from pipeline.archive_records import Transformer
from pipeline.contracts import BasicCharge, Contract, Suspension, SuspensionKind
from pipeline.model import Episode, Verdict
from pipeline.registry import Registry
from simulators.physics.window import Window
from tests.fix_planted import METER, POINT, START, planted

CASE = planted(None)
WINDOW_END = START + timedelta(days=14)


def _stop(
    name: str, first: float, days: float | None, remaining_kva: float = 0.0, **more: object
) -> Suspension:
    """A stop that begins ``first`` days after the window's start."""
    starts_at = START + timedelta(days=first)
    ends_at = None if days is None else starts_at + timedelta(days=days)
    stop = Suspension(
        id=name, service_point=POINT, starts_at=starts_at, ends_at=ends_at, remaining_kva=remaining_kva
    )
    return replace(stop, **more)  # type: ignore[arg-type]  # fields of a suspension


def _found(*stops: Suspension, **more: object) -> list[Episode]:
    registry: Registry = replace(CASE.registry, suspensions=stops, **more)  # type: ignore[arg-type]  # tables
    return run(CASE.window, registry, only=["suspension_rule"])


def _messages(episodes: list[Episode]) -> list[str]:
    return [episode.message.removeprefix("episode.suspension_") for episode in episodes]


def test_a_planted_stop_of_fourteen_days_is_found_and_twenty_are_innocent() -> None:
    window = Window(starts_at=START + timedelta(days=1), ends_at=START + timedelta(days=15))
    case = planted("suspension_filed", window=window, days=20)
    (episode,) = case.found("suspension_rule")
    assert (episode.starts_at, episode.ends_at) == (case.truth.starts_at, case.truth.ends_at)
    assert (episode.meter, episode.service_point) == (METER, POINT)
    assert episode.parameters["days"] == 14
    assert episode.evidence["days_billed"] == 14
    longer = Window(starts_at=window.starts_at, ends_at=window.starts_at + timedelta(days=20))
    assert planted("suspension_filed", window=longer, days=25).found("suspension_rule") == []


def test_fifteen_days_are_enough_whatever_the_hour_they_begin() -> None:
    assert _found(_stop("S1", 0, 15)) == []
    assert _found(_stop("S1", 0.4, 15)) == []
    assert _messages(_found(_stop("S1", 0.4, 14))) == ["short"]
    # The last second of the fifteenth day was written down.
    assert _found(_stop("S1", 0, 15 - 1 / 86400)) == []


def test_one_that_lasts_is_not_short_yet() -> None:
    assert _found(_stop("S1", 5, None)) == []


def test_only_the_third_of_a_calendar_year_is_one_too_many() -> None:
    first, second, third = _stop("S1", -100, 20), _stop("S2", -60, 20), _stop("S3", 2, 20)
    assert _found(first, third) == []
    (episode,) = _found(first, second, third)
    assert episode.message == "episode.suspension_many"
    assert (episode.parameters["suspension"], episode.parameters["which"]) == ("S3", 3)
    # The window begins on June 3rd: 160 days before lies in the year before.
    assert _found(_stop("S1", -160, 20), second, third) == []


def test_an_extension_is_no_request_of_its_own() -> None:
    extended = [_stop("S1", -60, 20), _stop("S2", -10, 12), _stop("S3", 2, 10)]
    assert _found(*extended) == []


def test_a_hundred_and_ninety_days_are_more_than_six_months() -> None:
    (episode,) = _found(_stop("S1", -100, 190))
    assert episode.message == "episode.suspension_long"
    assert episode.parameters["days"] == 190
    assert episode.evidence["days_billed"] == 190 - 184
    assert episode.ends_at is None
    assert _found(_stop("S1", -100, 184)) == []


def test_days_of_two_stops_add_up_within_the_year_only() -> None:
    # January 1st is 154 days before June 3rd.
    (episode,) = _found(_stop("S1", -154, 100), _stop("S2", 0, 90))
    assert (episode.message, episode.parameters["days"]) == ("episode.suspension_long", 190)
    assert _found(_stop("S1", -164, 100), _stop("S2", 0, 90)) == []


def test_reductions_and_closed_accounts_follow_other_rules() -> None:
    for kind in (SuspensionKind.REDUCTION, SuspensionKind.CLOSED):
        assert _found(_stop("S1", 2, 5, kind=kind)) == []


@pytest.mark.parametrize(
    ("remaining_kva", "units", "named", "messages"),
    [
        (400.0, (400.0, 600.0), (), []),
        (600.0, (400.0, 600.0), (), []),
        (500.0, (400.0, 600.0), (), ["part_unit"]),
        (400.0, (400.0, 600.0), ("T1",), []),
        (600.0, (400.0, 600.0), ("T1",), ["part_unit"]),
        (400.0, (), (), ["units_unknown"]),
        (400.0, (400.0, 600.0), ("T9",), ["units_unknown"]),
        (0.0, (), (), []),
    ],
)
def test_whole_transformers_must_rest(
    remaining_kva: float, units: tuple[float, ...], named: tuple[str, ...], messages: list[str]
) -> None:
    """Unit T0 has 400 kVA, T1 600 kVA; what rests is 1000 kVA less what goes on."""
    found = _found(
        _stop("S1", 2, 20, remaining_kva, transformers=named),
        transformers=[
            Transformer(id=f"T{n}", service_point=POINT, capacity_kva=kva) for n, kva in enumerate(units)
        ],
        contracts=[Contract(service_point=POINT, capacity_kva=1000.0, basic_charge=BasicCharge.CAPACITY)],
    )
    assert _messages(found) == messages
    unknown = [episode for episode in found if episode.message.endswith("unknown")]
    assert all(episode.verdict is Verdict.UNKNOWN for episode in unknown)


def test_parts_of_a_transformer_may_rest_where_demand_is_paid_for() -> None:
    demand = Contract(service_point=POINT, capacity_kva=1000.0, basic_charge=BasicCharge.DEMAND)
    assert _found(_stop("S1", 2, 20, 500.0), contracts=[demand]) == []


def test_what_ended_before_the_window_or_begins_after_it_is_not_told() -> None:
    assert _found(_stop("S1", -20, 5), _stop("S2", 20, 5)) == []
