"""Guessing passwords gets slower with each failure, for accounts and for addresses, across processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.throttle import (
    FORGOTTEN_AFTER,
    FREE_OF_ACCOUNT,
    FREE_OF_ADDRESS,
    LONGEST_PAUSE,
    begin_login,
    forget_account,
    login_succeeded,
    pause_after,
)
from storage.database import Connection, connect
from tests.fix_dashboard import NOW

AT_ONCE = timedelta(0)
HERE = "192.0.2.7"


def test_pauses_double_up_to_a_bound() -> None:
    pauses = [pause_after(n, 5).total_seconds() for n in (1, 4, 5, 6, 7, 9, 10, 1000)]
    assert pauses == [0, 0, 30, 60, 120, 480, 900, 900]


@pytest.fixture
def archive(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        yield connection


def test_an_account_waits_longer_after_each_failure(archive: Connection) -> None:
    for _ in range(FREE_OF_ACCOUNT):
        assert begin_login(archive, "wang", HERE, NOW) == AT_ONCE
    assert begin_login(archive, "wang", HERE, NOW) == timedelta(seconds=30)
    assert begin_login(archive, "wang", "192.0.2.99", NOW) == timedelta(seconds=30)  # from anywhere
    assert begin_login(archive, "li", HERE, NOW) == AT_ONCE
    now = NOW + timedelta(seconds=30)
    assert begin_login(archive, "wang", HERE, now) == AT_ONCE
    assert begin_login(archive, "wang", HERE, now) == timedelta(seconds=60)
    for _ in range(8):
        now += LONGEST_PAUSE
        assert begin_login(archive, "wang", HERE, now) == AT_ONCE
    assert begin_login(archive, "wang", HERE, now) == LONGEST_PAUSE


def test_an_address_that_tries_many_accounts_waits_too(archive: Connection) -> None:
    for n in range(FREE_OF_ADDRESS):
        assert begin_login(archive, f"account-{n}", HERE, NOW) == AT_ONCE
    assert begin_login(archive, "another", HERE, NOW) == timedelta(seconds=30)
    assert begin_login(archive, "another", "192.0.2.99", NOW) == AT_ONCE


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("unix:", "unix:", True),
    ],
)
def test_a_network_of_ipv6_is_one_address(archive: Connection, one: str, other: str, *, same: bool) -> None:
    for n in range(FREE_OF_ADDRESS):
        begin_login(archive, f"account-{n}", one, NOW)
    assert (begin_login(archive, "another", other, NOW) > AT_ONCE) is same


def test_a_success_clears_the_account_and_takes_one_from_the_address(archive: Connection) -> None:
    for n in range(FREE_OF_ADDRESS - 1):
        begin_login(archive, f"account-{n}", HERE, NOW)
    for _ in range(30):
        assert begin_login(archive, "wang", HERE, NOW) == AT_ONCE
        login_succeeded(archive, "wang", HERE, NOW)
    assert begin_login(archive, "another", HERE, NOW) == AT_ONCE
    assert begin_login(archive, "another", HERE, NOW) == timedelta(seconds=30)


def test_what_is_long_ago_is_forgotten(archive: Connection) -> None:
    for _ in range(FREE_OF_ACCOUNT):
        begin_login(archive, "wang", HERE, NOW)
    begin_login(archive, "wang", HERE, NOW + FORGOTTEN_AFTER + timedelta(seconds=1))
    assert archive.execute("SELECT failures FROM login_failure").fetchall() == [(1,), (1,)]


def test_a_password_set_anew_lets_in_at_once(archive: Connection) -> None:
    for _ in range(FREE_OF_ACCOUNT):
        begin_login(archive, "wang", HERE, NOW)
    forget_account(archive, "wang")
    assert begin_login(archive, "wang", HERE, NOW) == AT_ONCE


def test_many_attempts_at_once_are_counted_each(plain_database_url: str) -> None:
    waits: list[timedelta] = []

    def guess() -> None:
        with connect(plain_database_url) as connection:
            waits.append(begin_login(connection, "wang", HERE, NOW))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([wait for wait in waits if wait == AT_ONCE]) == FREE_OF_ACCOUNT


@pytest.mark.parametrize("name", ["", "x" * 5000, "é\n\x1b", "a' OR 1=1 --"])
def test_any_name_is_counted_in_bounds(archive: Connection, name: str) -> None:
    begin_login(archive, name, HERE, NOW)
    longest = archive.execute("SELECT max(length(subject)) FROM login_failure").fetchone()
    assert longest is not None
    assert longest[0] <= 80
