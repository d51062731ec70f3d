"""Cases over the database: worked out again at any time, what people wrote stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.case_records import Outcome, Standing
from pipeline.errors import ConfigError, DataError
from pipeline.model import Verdict
from pipeline.registry import Area
from services.cases import case_document, give_feedback, work_out_cases
from services.persons import Person
from storage.cases import all_feedback, assign_case, known_cases
from storage.database import Connection
from storage.episodes import EpisodeState, get_episode, save_episodes
from storage.registry import save_registry
from tests.unit.detectors.case_episodes import BEGIN, REGISTRY, episode

NOW = BEGIN + timedelta(days=20)
CREW = Person(account="li", host="desk")
STOPPED, WIRING = "register_stopped", "wiring_error"


@pytest.fixture
def found(database: Connection) -> Connection:
    save_registry(database, replace(REGISTRY, areas=[Area(id="T1")]))
    save_episodes(database, [episode("a", WIRING), episode("b", STOPPED), episode("c", WIRING, "P3")])
    return database


def test_a_second_run_keeps_ids_and_what_people_wrote(found: Connection) -> None:
    (first, _) = work_out_cases(found, NOW).cases
    assert (first.place, first.standing) == ("Li", Standing.OPEN)
    assert assign_case(found, first.id, assignee="crew 2", note="key at the gate", decided_at=NOW)
    save_episodes(found, [episode("0", "voltage_deviation", day=4)])
    again = work_out_cases(found, NOW).cases[0]
    assert again.id == first.id
    assert "0" in again.episodes
    (kept,) = [case for case in known_cases(found) if case.id == first.id]
    assert (kept.assignee, kept.note) == ("crew 2", "key at the gate")
    assert set(kept.episodes) == {"0", "a", "b"}


def test_feedback_is_kept_counts_at_once_and_marks_the_episode(found: Connection) -> None:
    before = {case.place: case.probability for case in work_out_cases(found, NOW).cases}
    given = give_feedback(found, "a", Outcome.NOT_CONFIRMED, CREW, NOW, cause="fuse changed")
    assert (given.detector, given.given_by) == (WIRING, "li (li@desk)")
    stored = get_episode(found, "a")
    assert stored is not None
    assert (stored.state, stored.note) == (EpisodeState.REJECTED, "fuse changed")
    worklist = work_out_cases(found, NOW)
    after = {case.place: case.probability for case in worklist.cases}
    assert worklist.results == 1
    assert after["Li"] < before["Li"]
    assert after["Wang"] < before["Wang"]
    give_feedback(found, "a", Outcome.CONFIRMED, CREW, NOW + timedelta(hours=1), recovered_kwh=80.0)
    assert [f.recovered_kwh for f in all_feedback(found)] == [None, 80.0]
    settled = {case.place: case.standing for case in work_out_cases(found, NOW).cases}
    assert settled["Li"] is Standing.CONFIRMED


def test_a_case_follows_what_is_found_at_once(found: Connection) -> None:
    def standings() -> dict[str, str]:
        return dict(found.execute("SELECT place, standing FROM inspection_case").fetchall())

    work_out_cases(found, NOW)
    before = standings()
    assert before["Li"] == "open"
    hours = iter(range(1, 9))
    for episode_of_li, outcome, standing in [
        ("a", Outcome.NOT_CONFIRMED, "open"),  # the other one has not been looked at
        ("b", Outcome.NOT_CONFIRMED, "rejected"),
        ("b", Outcome.CONFIRMED, "confirmed"),
        ("a", Outcome.CONFIRMED, "confirmed"),
        ("b", Outcome.NOT_CONFIRMED, "confirmed"),
        ("a", Outcome.NOT_CONFIRMED, "rejected"),
    ]:
        give_feedback(found, episode_of_li, outcome, CREW, NOW + timedelta(hours=next(hours)))
        assert standings() == {**before, "Li": standing}
        worked_out = {case.place: case.standing for case in work_out_cases(found, NOW).cases}
        if standing != "open":
            assert worked_out["Li"] == standing


def test_a_case_whose_episodes_were_withdrawn_is_cleared(found: Connection) -> None:
    work_out_cases(found, NOW)
    save_episodes(found, [episode("c", WIRING, "P3", verdict=Verdict.NORMAL)])
    assert [case.place for case in work_out_cases(found, NOW).cases] == ["Li"]
    rows = found.execute("SELECT place, standing FROM inspection_case ORDER BY place").fetchall()
    assert rows == [("Li", "open"), ("Wang", "cleared")]


def test_a_case_explains_itself(found: Connection) -> None:
    first, second = (case_document(case) for case in work_out_cases(found, NOW).cases)
    hits = first["hits"]
    assert isinstance(hits, list)
    assert [hit["detector"] for hit in hits] == [STOPPED, WIRING]
    assert all(hit["clears"] and hit["prior_source"] and hit["summary"] for hit in hits)
    assert second["waits_for"]


def test_what_cannot_be_is_refused_with_the_next_step(found: Connection) -> None:
    with pytest.raises(DataError, match=r"no episode 'nobody'.*kilowatch cases"):
        give_feedback(found, "nobody", Outcome.CONFIRMED, CREW, NOW)
    with pytest.raises(ConfigError, match="above 0"):
        work_out_cases(found, NOW, cases_a_day=0)


def test_without_the_extra_priors_and_feedback_judge(
    found: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_cases: object) -> None:
        raise ImportError("scikit-learn")

    monkeypatch.setattr("services.cases.probability_model", missing)
    assert work_out_cases(found, NOW).judged_by == "priors and feedback"
