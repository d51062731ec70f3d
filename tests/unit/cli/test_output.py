"""What is printed is what was meant: no value is taken for markup."""

from datetime import UTC, datetime

import pytest

from cli.output import print_fields, print_json, print_table


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_square_brackets_in_names_and_values_stay(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("site [a]", ("customer",), [["[bold]works[/bold] [/]"]])
    print_fields({"[name]": "[red]"})
    shown = capsys.readouterr().out
    assert "[bold]works[/bold] [/]" in shown
    assert "[name]" in shown
    assert "[red]" in shown


def test_times_numbers_and_nothing_are_written_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 22, 4, 0, 7, 999, tzinfo=UTC)
    print_fields({"at": at, "none": None, "third": 1 / 3, "count": 12})
    words = capsys.readouterr().out.split()
    assert words == [
        "at",
        "2026-11-22",
        "04:00:07+00:00",
        "none",
        "-",
        "third",
        "0.3333333333",
        "count",
        "12",
    ]


def test_json_is_one_line_with_iso_times(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"at": datetime(2026, 11, 22, tzinfo=UTC), "名": float("nan")})
    assert capsys.readouterr().out == '{"at":"2026-11-22T00:00:00+00:00","名":null}\n'
