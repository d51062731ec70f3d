"""The detection flow with its parts on Dask's workers: the same episodes as in one process."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from flows.abnormal_use import abnormal_use, detect_parts
from flows.task_runners import Workers, task_runner
from pipeline.model import EVERYTHING, Episode, MeterId
from pipeline.registry import Installation, Meter, ServicePoint
from services.detect import planned
from storage.database import connect
from storage.episodes import list_episodes
from tests.fix_planted import DAYS, START, planted
from tests.integration.test_detect_database import store

END = START + timedelta(days=DAYS)


def nowhere_here(*_: object) -> list[Episode]:
    """Stand where parts are looked at, in this process alone: workers import what is there."""
    raise AssertionError


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("prefect_server")
def test_parts_on_workers_give_what_they_give_in_one_process(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    monkeypatch.setattr("services.detect_groups.METERS_AT_A_TIME", 1)
    case = planted("voltage_loss")
    archive = replace(
        case.registry,
        meters=[*case.registry.meters, Meter(id=MeterId("M2"))],
        installations=[
            *case.registry.installations,
            Installation(meter=MeterId("M2"), service_point="SP-M2"),
        ],
        service_points=[*case.registry.service_points, ServicePoint(id="SP-M2")],
    )
    store(database_url, replace(case, registry=archive))
    look, parts = planned(DAYS, ["voltage_loss"], now=END)
    assert len(parts) == 2
    here = detect_parts.with_options(task_runner=task_runner(Workers.HERE))(look, parts)
    on_workers = detect_parts.with_options(task_runner=task_runner(Workers.DASK))(look, parts)
    assert [episode.detector for episode in here] == ["voltage_loss"]
    assert on_workers == here
    # The flow that is scheduled takes the same way when its form says so: nothing is looked at in here.
    monkeypatch.setattr("services.detect.utc_now", lambda: END)
    monkeypatch.setattr("services.detect.detect_part", nowhere_here)
    assert abnormal_use(days=DAYS, detectors=["voltage_loss"], workers=Workers.DASK) == len(here)
    with connect(database_url) as connection:
        assert [stored.episode for stored in list_episodes(connection, scope=EVERYTHING)] == here
