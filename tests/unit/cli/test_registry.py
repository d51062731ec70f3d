"""The archive's files, checked without a database."""

from pathlib import Path

import pytest

from tests.unit.cli.invoke import Invoke

SITE = '[[meter]]\nid = "M1"\n\n[[meter]]\nid = "M2"\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return path


def test_a_sound_file_is_counted(kilowatch: Invoke, site: Path) -> None:
    assert kilowatch("registry", "check", str(site), "--json").lines == [
        {"counts": {"meters": 2}, "errors": []}
    ]
    assert kilowatch("registry", "check", str(site)).out.split() == ["meters", "2"]


def test_one_mistake_is_one(kilowatch: Invoke, site: Path) -> None:
    site.write_text(SITE + 'colour = "red"\n', encoding="utf-8")
    ran = kilowatch("registry", "check", str(site))
    assert ran.status == 1
    assert ran.err.startswith("error: site.toml:4: [[meter]] entry 2, key 'colour': unknown key")
    assert "1 mistake; nothing was imported" in ran.err


def test_a_program_gets_each_mistake_with_its_place(kilowatch: Invoke, site: Path) -> None:
    site.write_text(SITE + "digits = 6.5\nzone = 8\n", encoding="utf-8")
    (line,) = kilowatch("registry", "check", str(site), "--json").lines
    assert line["counts"] == {}
    assert [(e["file"], e["table"], e["entry"], e["line"], e["key"]) for e in line["errors"]] == [
        ("site.toml", "meter", 2, 4, "digits"),
        ("site.toml", "meter", 2, 4, "zone"),
    ]


def test_text_that_is_no_toml_is_told_with_its_line(kilowatch: Invoke, site: Path) -> None:
    site.write_text(SITE + "\n[[meter\n", encoding="utf-8")
    ran = kilowatch("registry", "check", str(site))
    assert ran.status == 1
    assert ran.err.startswith("error: site.toml:7: ")


def test_a_file_that_is_empty_is_an_archive_of_nothing(kilowatch: Invoke, site: Path) -> None:
    site.write_text("", encoding="utf-8")
    assert kilowatch("registry", "check", str(site), "--json").lines == [{"counts": {}, "errors": []}]
