"""A little of ``make fuzz`` with every run, and proof that it would tell."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from protocols.mqtt.dialects import dialects
from tests.contract.project import ROOT
from tests.fuzz import run
from tests.fuzz.mutations import MUTATIONS
from tests.fuzz.run import Summary, fuzz


def summed(seeds: range) -> Summary:
    total = Summary()
    for part in fuzz(seeds, size=250):
        total.add(part)
    return total


def test_mutated_frames_give_answers_drops_and_named_errors_only() -> None:
    total = summed(range(900, 908))
    assert total.failures == []
    assert total.frames == 2000
    assert {subject for subject, _, _ in total.heard} == {"DL/T 645", "Modbus rtu", "Modbus socket"}
    assert {kind for _, kind, _ in total.heard} == set(MUTATIONS)
    assert {"answer", "nothing", "dropped: checksum"} <= {word for _, _, word in total.heard}
    assert set(total.explained) == {"explained", "refused by name"}
    assert total.replayed > 0
    assert total.meters_answered > 0
    assert sum(total.messages.values()) == total.frames
    assert {dialect for dialect, _ in total.messages} == set(dialects.all())
    assert {word for _, word in total.messages} == {"readings", "kept apart", "passed over"}


def test_the_same_seed_makes_the_same_frames() -> None:
    assert summed(range(3, 4)) == summed(range(3, 4))


def test_an_exception_without_a_name_of_ours_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(_raw: bytes) -> str:
        raise IndexError("beyond the end")

    monkeypatch.setattr(run, "explain", break_down)
    total = summed(range(1))
    assert len(total.failures) == 250
    assert all("IndexError beyond the end" in failure for failure in total.failures)


def test_the_command_ends_with_a_summary() -> None:
    command = [sys.executable, "-m", "tests.fuzz.run", "--frames", "1000", "--seed", "5", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603 - our own
    told = json.loads(done.stdout)
    assert (told["frames"], told["failed"]) == (1000, 0)
