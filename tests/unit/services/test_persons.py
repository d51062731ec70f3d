import os
import pwd
from pathlib import Path

import pytest

from services import persons
from services.persons import Person, are_the_same, this_person


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Person(account="li"), Person(account="li"), True),
        (Person(account="li", name="Li"), Person(account="li", name="Wang"), True),
        (Person(account="li", host="a"), Person(account="li", host="b"), True),
        (Person(account="li"), Person(account="wang"), False),
        (Person(account="root", login="li"), Person(account="li"), True),
        (Person(account="root", login="li"), Person(account="postgres", login="li"), True),
        (Person(account="root", login="li"), Person(account="wang", login="wang"), False),
        (Person(account="li", name="Wang"), Person(account="wang", name="Wang"), False),
    ],
)
def test_two_are_one_when_they_share_an_account(one: Person, other: Person, same: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert are_the_same(one, other) is same
    assert are_the_same(other, one) is same


def test_the_account_is_the_systems_not_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    person = this_person("Li")
    assert person.account == pwd.getpwuid(os.getuid()).pw_name
    assert person.name == "Li"


def test_the_login_is_kept_through_su(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    login = tmp_path / "loginuid"
    login.write_text("0")
    monkeypatch.setattr(persons, "LOGIN_UID", login)
    assert this_person().login == pwd.getpwuid(0).pw_name
    login.write_text("123456789")
    assert this_person().login == "uid 123456789"


@pytest.mark.parametrize("content", ["4294967295", "", "no number"])
def test_without_a_login_only_sudo_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    login = tmp_path / "loginuid"
    login.write_text(content)
    monkeypatch.setattr(persons, "LOGIN_UID", login)
    monkeypatch.setenv("SUDO_USER", "li")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert this_person().login == "li"
    monkeypatch.setattr(os, "getuid", lambda: 65534)
    assert this_person().login == ""


def test_a_person_is_shown_with_account_and_login() -> None:
    shown = Person(account="root", login="li", host="station", name="Li Wei").shown
    assert shown == "Li Wei (root@station, logged in as li)"
