"""Cases and feedback from the command."""

from dataclasses import replace

import pytest

from pipeline.registry import Area
from storage.database import connect
from storage.episodes import save_episodes
from storage.registry import save_registry
from tests.unit.cli.invoke import Invoke
from tests.unit.detectors.case_episodes import REGISTRY, episode


@pytest.fixture
def stored(plain_database_url: str, monkeypatch: pytest.MonkeyPatch, kilowatch: Invoke) -> Invoke:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    with connect(plain_database_url) as connection:
        save_registry(connection, replace(REGISTRY, areas=[Area(id="T1")]))
        save_episodes(
            connection,
            [
                episode("a", "wiring_error"),
                episode("b", "register_stopped"),
                episode("c", "wiring_error", "P3"),
            ],
        )
    return kilowatch


def test_cases_are_listed_with_what_waits_and_their_json_explains_them(stored: Invoke) -> None:
    ran = stored("cases", "--days", "36500")
    assert ran.status == 0
    assert "Li" in ran.out
    assert "Wang" not in ran.out
    assert "1 more wait for a second hit" in ran.err
    lines = stored("cases", "--days", "36500", "--all", "--json").lines
    assert [line["place"] for line in lines] == ["Li", "Wang"]
    assert {hit["detector"] for hit in lines[0]["hits"]} == {"wiring_error", "register_stopped"}


def test_feedback_is_filed_and_settles_the_case(stored: Invoke) -> None:
    (told,) = stored("feedback", "a", "confirmed", "--cause", "bypass", "--json").lines
    assert (told["detector"], told["outcome"], told["cause"]) == ("wiring_error", "confirmed", "bypass")
    lines = stored("cases", "--days", "36500", "--all", "--json").lines
    assert {line["place"]: line["standing"] for line in lines}["Li"] == "confirmed"


def test_an_unknown_episode_and_an_unknown_outcome_are_refused(stored: Invoke) -> None:
    ran = stored("feedback", "nobody", "confirmed")
    assert ran.status == 1
    assert "no episode 'nobody'" in ran.err
    assert stored("feedback", "a", "maybe").status == 2
