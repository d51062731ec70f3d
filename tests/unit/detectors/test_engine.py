from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors import engine
from detectors.engine import episode_id, reconcile, run
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.errors import PluginError
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Registry, Wiring
from tests.day_windows import by_days
from tests.fix_windows import grid, volts

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def _episode(hours: tuple[int, int | None], *, key: str = "k", phase: str = "A") -> Episode:
    first, end = hours
    return Episode(
        id=episode_id("voltage_deviation", "m", key),
        detector="voltage_deviation",
        version=1,
        meter=MeterId("m"),
        starts_at=BEGIN + timedelta(hours=first),
        ends_at=None if end is None else BEGIN + timedelta(hours=end),
        detected_at=BEGIN + timedelta(hours=end or 24),
        verdict=Verdict.ABNORMAL,
        severity=Severity.MINOR,
        score=1.0,
        message="episode.undervoltage",
        parameters={"phase": phase, "extreme_v": 190.0, "limit_v": 198.0, "minutes": 30},
    )


def test_an_id_is_the_same_anywhere_and_differs_by_place_and_key() -> None:
    assert episode_id("d", "m", "k") == episode_id("d", "m", "k")
    assert len({episode_id(*key) for key in (("d", "m", "k"), ("d", "mk", ""), ("d", "m", "l"))}) == 3


def test_a_stretch_found_longer_keeps_its_id_and_first_detection() -> None:
    known = _episode((2, 4), key="first")
    (stored,) = reconcile([_episode((1, 6), key="second")], [known])
    assert stored.id == known.id
    assert stored.starts_at == BEGIN + timedelta(hours=1)
    assert stored.ends_at == BEGIN + timedelta(hours=6)
    assert stored.detected_at == known.detected_at


def test_an_open_episode_is_closed_under_its_id() -> None:
    known = _episode((2, None), key="first")
    (stored,) = reconcile([_episode((2, 9), key="first")], [known])
    assert stored.ends_at == BEGIN + timedelta(hours=9)


def test_a_check_is_known_by_its_key_also_where_the_message_had_its_words() -> None:
    found = replace(
        _episode((1, 6), key="new"),
        parameters={"check": "voltage_deviation"},
        evidence={"check": "voltage_deviation"},
    )
    known = replace(found, id="old", parameters={"check": "Voltage deviation (电压偏差)"})
    other = replace(found, id="other", evidence={"check": "flicker"}, parameters={"check": "flicker"})
    kept = {episode.id: episode for episode in reconcile([found], [known, other])}
    assert kept["old"].parameters == {"check": "voltage_deviation"}
    assert found.id not in kept


def test_two_known_ones_that_turn_out_to_be_one_are_merged() -> None:
    known = [_episode((1, 2), key="a"), _episode((4, 6), key="b")]
    stored = reconcile([_episode((1, 6), key="a")], known)
    assert [(e.id, e.verdict) for e in stored] == [
        (known[0].id, Verdict.ABNORMAL),
        (known[1].id, Verdict.NORMAL),
    ]
    assert stored[1].message == "episode.merged"
    assert stored[1].parameters == {"into": known[0].id}


def test_what_is_found_is_compared_with_what_is_known_of_its_own_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    is_same = engine._is_same

    def counted(found: Episode, old: Episode) -> bool:
        compared.append((found.id, old.id))
        return is_same(found, old)

    monkeypatch.setattr(engine, "_is_same", counted)
    meters = [MeterId(f"m{n}") for n in range(300)]
    known = [replace(_episode((1, 4)), id=f"old {meter}", meter=meter) for meter in meters]
    found = [replace(_episode((2, 6)), id=f"new {meter}", meter=meter) for meter in meters]
    stored = reconcile(found, known, examined=(BEGIN, BEGIN + timedelta(days=1)))
    assert sorted(episode.id for episode in stored) == sorted(old.id for old in known)
    assert len(compared) == len(meters)


def test_an_episode_of_the_same_id_is_the_same_whatever_it_is_about() -> None:
    known = replace(_episode((1, 2)), service_point="SP1")
    later = replace(_episode((8, None)), service_point="SP2")
    (stored,) = reconcile([later], [known])
    assert (stored.id, stored.service_point, stored.ends_at) == (known.id, "SP2", None)


def test_another_phase_or_verdict_is_another_episode() -> None:
    known = _episode((1, 6), key="a")
    other_phase = _episode((1, 6), key="b", phase="B")
    unknown = replace(_episode((1, 6), key="c"), verdict=Verdict.UNKNOWN)
    assert {e.id for e in reconcile([other_phase, unknown], [known])} == {other_phase.id, unknown.id}


def test_what_an_examined_window_no_longer_shows_is_withdrawn() -> None:
    known = _episode((2, 4))
    (stored,) = reconcile([], [known], examined=(BEGIN, BEGIN + timedelta(days=1)))
    assert (stored.id, stored.verdict, stored.message) == (known.id, Verdict.NORMAL, "episode.withdrawn")


def test_what_lies_outside_the_examined_window_stays() -> None:
    known = _episode((2, 4))
    assert reconcile([], [known], examined=(BEGIN + timedelta(hours=3), BEGIN + timedelta(days=1))) == []
    assert reconcile([], [known]) == []


def test_a_start_before_the_window_is_kept() -> None:
    known = _episode((1, None), key="a")
    examined = (BEGIN + timedelta(hours=5), BEGIN + timedelta(days=1))
    (stored,) = reconcile([_episode((5, 7), key="b")], [known], examined=examined)
    assert stored.starts_at == known.starts_at


def test_a_window_that_sees_only_a_part_does_not_shrink_what_was_found() -> None:
    known = replace(_episode((1, 4), key="a"), energy_kwh=1440.0)
    found = replace(_episode((9, None), key="a"), energy_kwh=80.0)
    (stored,) = reconcile([found], [known], examined=(BEGIN + timedelta(hours=5), BEGIN + timedelta(days=1)))
    assert (stored.energy_kwh, stored.starts_at, stored.ends_at) == (1440.0, known.starts_at, None)
    (whole,) = reconcile([found], [known], examined=(BEGIN, BEGIN + timedelta(days=1)))
    assert (whole.energy_kwh, whole.starts_at) == (80.0, found.starts_at)


def test_single_detectors_run_with_other_parameters() -> None:
    registry = Registry(meters=(Meter(id=MeterId("m"), wiring=Wiring.ONE_PHASE),))
    matrix = volts(grid(BEGIN, 4 / 96), {Quantity.VOLTAGE_A: [[220, 190, 220, 220]]})
    assert run(matrix, registry, only=["voltage_deviation"]) == []
    settings = {"voltage_deviation": {"trigger_points": 1}}
    assert len(run(matrix, registry, only=["voltage_deviation"], settings=settings)) == 1


def test_an_unknown_detector_is_refused_by_name() -> None:
    with pytest.raises(PluginError, match="'nonsense'"):
        run(volts(grid(BEGIN, 1), {}), Registry(), only=["nonsense"])


def test_what_began_while_a_window_was_learnt_is_neither_withdrawn_nor_moved() -> None:
    known = replace(_episode((1, 40 * 24), key="a"), detector="sustained_drop")
    begins, ends = BEGIN - timedelta(days=20), BEGIN + timedelta(days=60)
    assert reconcile([], [known], examined=(begins, ends)) == []
    found = replace(known, id="later", starts_at=BEGIN + timedelta(days=20))
    (stored,) = reconcile([found], [known], examined=(begins, ends))
    assert (stored.id, stored.starts_at) == (known.id, known.starts_at)
    (withdrawn,) = reconcile([], [known], examined=(BEGIN - timedelta(days=36), ends))
    assert withdrawn.verdict is Verdict.NORMAL


@pytest.mark.parametrize("name", ["sustained_drop", "long_low_use"])
def test_how_a_customer_draws_is_not_asked_of_a_meter_that_supplies_an_area(name: str) -> None:
    # Both fall from 100 kWh a day to 20 as the plant behind the supply meter stops.
    kwh = np.full((2, 63), 100.0)
    kwh[:, 42:] = 20.0
    registry = Registry(
        installations=[Installation(meter=MeterId(f"M{n}"), service_point=f"P{n}") for n in (0, 1)],
        area_members=[
            AreaMember(area="T", service_point="P0", role=MemberRole.SUPPLY),
            AreaMember(area="T", service_point="P1"),
        ],
    )
    assert {episode.meter for episode in run(by_days(kwh), registry, only=[name])} == {"M1"}


@pytest.mark.parametrize(
    ("begins", "ends", "found"),
    [
        # The window begins 2024-06-03, the drop on 2024-07-15; what is usual is learnt in the 35 days before.
        (None, datetime(2012, 1, 1, tzinfo=UTC), {"M0", "M1"}),
        (None, datetime(2024, 6, 10, tzinfo=UTC), {"M0", "M1"}),
        (None, datetime(2024, 6, 12, tzinfo=UTC), {"M1"}),
        (datetime(2024, 8, 4, tzinfo=UTC), None, {"M1"}),
        (datetime(2024, 8, 5, tzinfo=UTC), None, {"M0", "M1"}),
    ],
)
def test_a_point_is_a_customer_again_once_it_supplies_no_area_any_more(
    begins: datetime | None, ends: datetime | None, found: set[str]
) -> None:
    kwh = np.full((2, 63), 100.0)
    kwh[:, 42:] = 20.0
    supply = AreaMember(area="T", service_point="P0", role=MemberRole.SUPPLY, starts_at=begins, ends_at=ends)
    registry = Registry(
        installations=[Installation(meter=MeterId(f"M{n}"), service_point=f"P{n}") for n in (0, 1)],
        area_members=[supply],
    )
    assert {episode.meter for episode in run(by_days(kwh), registry, only=["sustained_drop"])} == found
