"""Line loss from the command: tables for people, JSON for programs, and wrong usage told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loss_files import LossFiles, write_area
from tests.unit.cli.invoke import Invoke


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> LossFiles:
    return write_area(tmp_path_factory.mktemp("area"))


@pytest.fixture
def options(files: LossFiles) -> list[str]:
    return ["loss", "--intervals", str(files.intervals), "--registry", str(files.registry)]


def test_people_see_months_the_rise_and_whom_to_look_at(
    kilowatch: Invoke, options: list[str], files: LossFiles
) -> None:
    ran = kilowatch(*options, "--days")
    assert ran.status == 0
    for text in ("line loss by area and month", "more than its load", "whom to look at first", files.thief):
        assert text in ran.out


def test_a_terminal_of_80_columns_shows_whole_words(
    kilowatch: Invoke, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = kilowatch(*options, "--days")
    for word in ("verdict", "normal", "2017-12-17", "2017-11 ", "change", "limit %", "members"):
        assert word in ran.out


def test_the_json_form_has_an_object_an_area(kilowatch: Invoke, options: list[str], tmp_path: Path) -> None:
    ran = kilowatch(*options, "--json", "--month", "2017-12", "--out", str(tmp_path))
    assert ran.status == 0
    (found,) = ran.lines
    keys = {"area", "months", "days", "rise", "suspects", "technical", "problems", "computable_days"}
    assert keys <= set(found)
    assert found["from"] == "2017-12-01"
    assert (tmp_path / "days.csv").is_file()
    assert "wrote" in ran.err


def test_days_of_which_nothing_is_known_are_told_with_those_that_there_are(
    kilowatch: Invoke, options: list[str]
) -> None:
    ran = kilowatch(*options, "--from", "2020-01-01")
    assert ran.status == 0
    assert "2017-10-30 to 2017-12-17" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--month", "2017-13"], "2026-03"),
        (["--month", "2017-12", "--from", "2017-12-01"], "one or the other"),
        (["--from", "2017-12-05", "--to", "2017-12-05"], "is not before"),
        (["--to", "yesterday"], "2026-03-01"),
    ],
)
def test_wrong_days_are_wrong_usage(
    kilowatch: Invoke, options: list[str], wrong: list[str], told: str
) -> None:
    ran = kilowatch(*options, *wrong)
    assert ran.status == 2
    assert told in ran.err


def test_files_go_together(kilowatch: Invoke, files: LossFiles) -> None:
    assert kilowatch("loss", "--intervals", str(files.intervals)).status == 2
    assert kilowatch("loss", "--readings", str(files.intervals)).status == 2
    assert kilowatch("loss", "--registry", str(files.registry)).status == 2


def test_an_area_that_is_not_there_is_told_with_those_that_are(kilowatch: Invoke, options: list[str]) -> None:
    ran = kilowatch(*options, "--area", "X")
    assert ran.status == 1
    assert "no area X in the archive; it has T" in ran.err
