"""Each new critical episode is told once, whatever fails on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.model import Severity, Verdict
from services.critical_episodes import tell_critical
from storage.database import connect
from storage.episodes import save_episodes
from storage.told_episodes import CriticalEpisode
from tests.unit.detectors.case_episodes import episode


def test_one_that_fails_is_told_the_next_time_and_the_others_not_again(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    critical = [
        replace(episode(name, "voltage_loss", day=day), severity=Severity.CRITICAL)
        for name, day in (("a", 0.0), ("b", 1.0), ("c", 2.0))
    ]
    others = [
        episode("minor", "voltage_loss"),
        replace(episode("unsure", "voltage_loss", verdict=Verdict.UNKNOWN), severity=Severity.CRITICAL),
    ]
    with connect(plain_database_url) as connection:
        save_episodes(connection, [*critical, *others])
    told: list[str] = []

    def tell(each: CriticalEpisode) -> None:
        if each.id == "b" and "b fails once" not in told:
            told.append("b fails once")
            raise ConnectionError
        told.append(each.id)

    with pytest.raises(ConnectionError):
        tell_critical(tell)
    assert tell_critical(tell) == 2
    assert tell_critical(tell) == 0
    assert told == ["a", "b fails once", "b", "c"]
