"""Meter profiles, listed, shown, checked and imported from the command."""

from __future__ import annotations

from pathlib import Path

from protocols.profile import parse_profile
from tests.unit.cli.invoke import Invoke

LISTS = Path("tests") / "data" / "register_lists"
MINE = """
protocol = "modbus"
description = "mine"
side = "primary"
source = "my meter's manual"
points = [{ quantity = "voltage_a", address = 1, function = 3, type = "uint16", scale = 0.1 }]
"""


def test_the_list_says_how_sure_each_profile_is(kilowatch: Invoke) -> None:
    rows = {row["name"]: row for row in kilowatch("profile", "list", "--json").lines}
    assert rows["acrel_adw300"]["single_sourced"] == rows["acrel_adw300"]["quantities"] == 12
    assert (rows["eastron_sdm630"]["trust"], rows["eastron_sdm630"]["single_sourced"]) == ("cross-checked", 0)
    assert rows["sunspec_meter"]["vendor"] == "any"
    table = kilowatch("profile", "list").out
    assert "eastron_sdm630" in table
    assert "cross-checked" in table


def test_a_profile_is_shown_register_by_register(kilowatch: Invoke) -> None:
    (shown,) = kilowatch("profile", "show", "chint_dtsu666", "--json").lines
    assert shown["variants"] == "chint_dtsu666_401e, chint_dtsu666_4000, chint_dtsu666h"
    points = {point["quantity"]: point for point in shown["points"]}
    assert points["voltage_a"]["register"] == "3:0x2006"
    assert points["active_power"]["scale"] == "0.0001 x ct x pt"
    assert "3:0x2006" in kilowatch("profile", "show", "chint_dtsu666").out


def test_an_unknown_profile_is_told_with_those_there_are(kilowatch: Invoke) -> None:
    ran = kilowatch("profile", "show", "sdm")
    assert ran.status == 1
    assert "no profile is called 'sdm'; there are: " in ran.err
    assert "eastron_sdm630" in ran.err


def test_a_sound_file_is_summed_up_and_a_wrong_one_told_with_every_place(
    kilowatch: Invoke, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINE, encoding="utf-8")
    (summary,) = kilowatch("profile", "check", str(file), "--json").lines
    assert (summary["name"], summary["quantities"], summary["probe"]) == ("mine", 1, "none")
    assert "mine" in kilowatch("profile", "check", str(file)).out
    wrong = MINE.replace("uint16", "uint17").replace("points = [", 'points = [{ quantity = "volt" },')
    file.write_text(wrong, encoding="utf-8")
    ran = kilowatch("profile", "check", str(file))
    assert ran.status == 1
    assert ran.err.startswith("error: profile mine: point volt (entry 1): ")


def test_a_type_that_modbus_does_not_know_is_found_by_check(kilowatch: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(MINE.replace("uint16", "uint17"), encoding="utf-8")
    assert "point voltage_a: type is one of" in kilowatch("profile", "check", str(file)).err


def test_an_imported_list_is_written_and_what_is_open_told(kilowatch: Invoke, tmp_path: Path) -> None:
    output = tmp_path / "feeder.toml"
    arguments = ("profile", "import", str(LISTS / "telegraf.conf"), "--format", "telegraf")
    chosen = ("--device", "Feeder 1", "--power-unit", "W", "--side", "secondary", "-o", str(output))
    ran = kilowatch(*arguments, *chosen)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "6 registers taken over, 3 left to you",
        "  status: no quantity is called so",
        "  odd: registers [20, 30] are not in a row",
        "  relay: one bit, no register",
    ]
    assert parse_profile(output.read_text(encoding="utf-8"), "feeder").side == "secondary"
    again = kilowatch(*arguments, *chosen)
    assert again.status == 1
    assert "is there already" in again.err


def test_without_a_file_to_write_the_profile_is_printed(kilowatch: Invoke) -> None:
    ran = kilowatch("profile", "import", str(LISTS / "meter.mbmap.json"), "--format", "mbmap")
    assert parse_profile(ran.out, "m3").models == ("M3", "M3-CT")
    units = ("--energy-unit", "kWh", "--power-unit", "kW")
    same = kilowatch("profile", "import", str(LISTS / "meter.mbmap.json"), "--format", "mbmap", *units)
    assert same.out == ran.out
    (told,) = kilowatch(
        "profile", "import", str(LISTS / "meter.mbmap.json"), "--format", "mbmap", "--json"
    ).lines
    assert f"{told['profile']}\n" == ran.out
    assert f"{told['registers']} registers taken over, {len(told['open'])} left to you" in ran.err


def test_a_list_that_cannot_be_read_is_one_error(kilowatch: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_bytes(b"\xff\xfe")
    ran = kilowatch("profile", "import", str(file), "--format", "mbmap")
    assert ran.status == 1
    assert "readable text file in UTF-8" in ran.err
