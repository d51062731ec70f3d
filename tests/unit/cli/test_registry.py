"""The archive's files, checked without a database."""

from pathlib import Path

import pytest

from tests.unit.cli.invoke import Invoke

SITE = '[[meter]]\nid = "M1"\n\n[[meter]]\nid = "M2"\n'

NOTHING_ELSE: dict[str, object] = {"removed": {}, "resets": [], "areas_made": []}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return path


def test_a_sound_file_is_counted(kilowatch: Invoke, site: Path) -> None:
    assert kilowatch("registry", "check", str(site), "--json").lines == [
        {"counts": {"meters": 2}, "errors": [], **NOTHING_ELSE}
    ]
    assert kilowatch("registry", "check", str(site)).out.split() == ["meters", "2"]


def test_what_an_import_does_besides_is_told_by_check_and_import_alike(
    kilowatch: Invoke, site: Path, plain_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    full = (
        '[[area]]\nid = "A1"\nzone = "Asia/Urumqi"\n[[service_point]]\nid = "P1"\narea = "A1"\n'
        'customer = "C1"\n[[meter]]\nid = "M1"\ndigits = 8\nservice_point = "P1"\n'
        '[[contract]]\nservice_point = "P1"\nfrom = 2026-01-01\n'
    )
    site.write_text(full, encoding="utf-8")
    assert kilowatch("registry", "import", str(site)).err == ""
    site.write_text(
        '[[service_point]]\nid = "P1"\n[[meter]]\nid = "M1"\n[[contract]]\nservice_point = "P1"\n'
        'from = 2026-02-01\n[[service_point]]\nid = "P2"\narea = "A-TYPO"\n',
        encoding="utf-8",
    )
    checked = kilowatch("registry", "check", str(site))
    assert sorted(checked.err.splitlines()) == [
        "back to its default: key 'area' of 1 [[service_point]], now None (P1 had A1)",
        "back to its default: key 'customer' of 1 [[service_point]], now '' (P1 had C1)",
        "back to its default: key 'digits' of 1 [[meter]], now 6 (M1 had 8)",
        "made: [[area]] A-TYPO, which the file only names; its zone is Asia/Shanghai",
        "removed: 1 [[contract]] that the file no longer has of what it names",
    ]
    (found,) = kilowatch("registry", "check", str(site), "--json").lines
    assert found["removed"] == {"contract": 1}
    assert {"table": "meter", "key": "digits", "default": 6, "entries": {"M1": 8}} in found["resets"]
    assert found["areas_made"] == [{"id": "A-TYPO", "zone": "Asia/Shanghai"}]
    assert kilowatch("registry", "import", str(site)).err == checked.err, "a check has changed nothing"
    assert kilowatch("registry", "import", str(site)).err == ""


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
    assert kilowatch("registry", "check", str(site), "--json").lines == [
        {"counts": {}, "errors": [], **NOTHING_ELSE}
    ]
