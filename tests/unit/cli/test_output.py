"""What is printed is what was meant: no value is taken for markup."""

from datetime import UTC, datetime

import pytest

from cli.output import console, print_below, print_fields, print_json, print_table, rounded


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


def test_yes_no_lists_and_pairs_are_written_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"a": True, "b": ["x", None], "c": (), "d": {"order": "open", "level": 4}})
    assert capsys.readouterr().out.split() == [
        *("a", "yes"),
        *("b", "x,", "-"),
        *("c", "-"),
        *("d", "order=open", "level=4"),
    ]


def test_a_column_that_says_nothing_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ("address", "remark", "offset"), [["1", "", None], ["2", "", 3]])
    shown = capsys.readouterr().out
    assert "remark" not in shown
    assert "offset" in shown
    print_table("none", ("address", "remark"), [])
    assert "remark" in capsys.readouterr().out


def test_on_a_narrow_terminal_only_the_columns_that_may_yield(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_width", 40)
    words = "many words that need several lines here"
    print_table(
        "a title that is longer than its table", ("what", "ratio"), [[words, "10.8"]], yielding=["what"]
    )
    shown = capsys.readouterr().out
    assert "10.8" in shown
    assert "a title that is longer than its table\n" in shown
    assert all(word in shown for word in words.split())
    assert max(map(len, shown.splitlines())) <= 40


def test_what_is_below_is_indented_and_broken_at_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_width", 20)
    print_below("voltage 220.1 V; [current] 5 A")
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "    voltage 220.1 V;",
        "    [current] 5 A",
    ]


def test_a_table_whose_words_do_not_fit_is_printed_row_by_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = ("case", "place", "rules", "remark")
    rows = [["0a1b2c3d4e5f", "Huaguang Foundry", "register_stopped 0.95, wiring_error 0.90", "-"]]
    monkeypatch.setenv("COLUMNS", "48")  # 12 + 8 + 17 for the longest words, 10 for the lines between them
    print_table("", heads, rows)
    assert "│ 0a1b2c3d4e5f │" in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "40")
    print_table("", heads, rows)
    shown = capsys.readouterr().out
    assert [line.split() for line in shown.splitlines()] == [
        ["case", "0a1b2c3d4e5f"],
        ["place", "Huaguang", "Foundry"],
        ["rules", "register_stopped", "0.95,"],
        ["wiring_error", "0.90"],
    ]


def test_a_table_without_rows_shows_its_heads_however_narrow_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    print_table("no cases", ("case", "place", "rules"), [])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "no cases"
    assert "case" in "".join(shown[1:])


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(110.6, 2, "110"), (0.3357, 2, "0.34"), (1234.5, 3, "1230"), (4.0, 2, "4"), (0.00001, 2, "0.00001")],
)
def test_a_rounded_number_is_never_a_power_of_ten(value: float, digits: int, shown: str) -> None:
    assert rounded(value, digits) == shown
