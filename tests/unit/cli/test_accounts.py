"""Accounts from the command: no password is an argument, and what is generated is printed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.registry import Area, Registry
from services.passwords import password_fits
from storage.accounts import find_account
from storage.database import connect
from storage.registry import save_registry
from tests.unit.cli.invoke import Invoke

PASSWORD = "correct horse battery"  # noqa: S105 - of an account in a test's database


@pytest.fixture
def stored(plain_database_url: str, monkeypatch: pytest.MonkeyPatch, kilowatch: Invoke) -> Invoke:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(areas=[Area(id="TA-01"), Area(id="TA-02")]))
    return kilowatch


def fits(url: str, name: str, password: str) -> bool:
    with connect(url) as connection:
        found = find_account(connection, name)
    return found is not None and password_fits(password, found[1])


def test_accounts_are_added_listed_changed_and_shut(
    stored: Invoke, plain_database_url: str, tmp_path: Path
) -> None:
    added = stored("accounts", "add", "boss", "--role", "administrator", "--generate")
    assert added.status == 0
    assert "account boss added: administrator, all areas" in added.out
    assert fits(plain_database_url, "boss", added.out.split()[-1])
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    options = ("--role", "engineer", "--area", "TA-01", "--full-name", "王芳", "--password-file", str(file))
    ran = stored("accounts", "add", "wang", *options)
    assert "account wang added: engineer, areas TA-01" in ran.out
    assert PASSWORD not in ran.out + ran.err
    assert fits(plain_database_url, "wang", PASSWORD)
    assert stored("accounts", "change", "wang", "--role", "viewer", "--area", "TA-02").status == 0
    (shut,) = stored("accounts", "disable", "wang", "--json").lines
    assert (shut["name"], shut["role"], shut["disabled_at"] is None) == ("wang", "viewer", False)
    assert "password" not in shut
    boss, wang = stored("accounts", "list", "--json").lines
    assert (boss["name"], boss["role"], boss["areas"], boss["disabled_at"]) == (
        "boss",
        "administrator",
        None,
        None,
    )
    assert (wang["role"], wang["areas"], wang["full_name"]) == ("viewer", ["TA-02"], "王芳")
    assert wang["disabled_at"] is not None
    assert "password" not in " ".join(wang).replace("password_set_at", "")
    assert stored("accounts", "enable", "wang").status == 0
    assert "王芳" in stored("accounts", "list").out
    assert stored("accounts", "change", "wang", "--all-areas").out.endswith("viewer, all areas\n")
    (other,) = stored("accounts", "password", "wang", "--generate", "--json").lines
    assert other["name"] == "wang"
    assert fits(plain_database_url, "wang", other["password"])


def test_a_password_comes_from_stdin(stored: Invoke, plain_database_url: str) -> None:
    given = stored("accounts", "add", "li", "--password-file", "-", stdin=f"{PASSWORD}\n".encode())
    assert given.status == 0
    assert fits(plain_database_url, "li", PASSWORD)
    other = "another long password"
    assert stored("accounts", "password", "li", "--password-file", "-", stdin=other.encode()).status == 0
    assert fits(plain_database_url, "li", other)


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (("add", "Ü", "--generate"), b"", "begins with a letter or digit"),
        (("add", "li", "--generate", "--area", "TA-9"), b"", "no such area on record: TA-9"),
        (("add", "li", "--password-file", "-"), b"short\n", "12 to 256 characters"),
        (("add", "li", "--password-file", "-"), b"\n", "first line"),
        (("add", "li", "--password-file", "/none/there"), b"", "no password could be read"),
        (("password", "nobody", "--generate"), b"", "there is no account 'nobody'"),
    ],
)
def test_what_will_not_do_is_told(
    stored: Invoke, arguments: tuple[str, ...], stdin: bytes, told: str
) -> None:
    ran = stored("accounts", *arguments, stdin=stdin)
    assert ran.status == 1
    assert told in ran.err
    assert stored("accounts", "list", "--json").lines == []


def test_options_that_exclude_one_another_are_wrong_usage(stored: Invoke) -> None:
    assert stored("accounts", "add", "li", "--generate", "--password-file", "-").status == 2
    assert stored("accounts", "change", "li", "--area", "TA-01", "--all-areas").status == 2
