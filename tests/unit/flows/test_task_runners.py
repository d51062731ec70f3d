"""The choice of where a flow's tasks run."""

import sys

import pytest
from prefect.task_runners import ThreadPoolTaskRunner
from prefect_dask.task_runners import DaskTaskRunner

from flows.task_runners import Workers, task_runner
from pipeline.errors import MissingPartError


def test_without_dask_one_part_is_worked_off_after_the_other() -> None:
    here = task_runner(Workers.HERE)
    assert isinstance(here, ThreadPoolTaskRunner)
    assert here._max_workers == 1


def test_dask_starts_workers_of_its_own_or_takes_those_of_an_address() -> None:
    own = task_runner(Workers.DASK)
    assert isinstance(own, DaskTaskRunner)
    assert own.address is None
    given = task_runner(Workers.DASK, "tcp://10.0.0.7:8786")
    assert isinstance(given, DaskTaskRunner)
    assert given.address == "tcp://10.0.0.7:8786"


def test_dask_that_is_not_installed_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask.task_runners", None)
    with pytest.raises(MissingPartError, match=r"kilowatch\[dask\]"):
        task_runner(Workers.DASK)
