"""What the command tells of flows that it started or deployed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.unit.cli.invoke import Invoke


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_each_flow_that_was_started_is_told_up_to_the_first_that_failed(
    kilowatch: Invoke, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    ended = {"assess": "Completed", "detect": "Failed"}
    monkeypatch.setattr(
        "flows.run_now.run_now",
        lambda name, _given: SimpleNamespace(
            name=ended[name], is_completed=lambda: ended[name] == "Completed"
        ),
    )
    ran = kilowatch("flows", "run", "assess", "detect", "load", *options)
    assert ran.status == 1
    if options:
        assert ran.lines == [{"flow": name, "state": state} for name, state in ended.items()]
    else:
        assert ran.out == "assess: Completed\ndetect: Failed\n"


def test_the_changes_of_a_deployment_are_told(kilowatch: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[str] = []
    monkeypatch.setattr("flows.deploy.deploy_to", lambda _pool: changes)
    assert kilowatch("flows", "deploy").out == "nothing to change\n"
    assert kilowatch("flows", "deploy", "--json").lines == [{"changes": []}]
    changes += ["assess: new", "gone: removed"]
    assert kilowatch("flows", "deploy").out == "assess: new\ngone: removed\n"
    assert kilowatch("flows", "deploy", "--json").lines == [{"changes": changes}]
