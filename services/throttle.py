"""Slows down whoever guesses passwords: each account and each address waits longer after each failure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from storage.database import Connection
from storage.login_failures import (
    Failures,
    forget_failures,
    lock_failures,
    save_failures,
    sweep_failures,
)

FREE_OF_ACCOUNT, FREE_OF_ADDRESS = 5, 20
"""Failures in a row that cost nothing: people mistype, and many of them may share an address."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=6)
"""Without a further failure."""
LONGEST_NAME = 64
_NETWORK_BITS = 64
"""One customer of IPv6 has at least so many addresses to himself (RFC 6177)."""


def pause_after(failures: int, free: int) -> timedelta:
    """Return how long one waits after so many failures in a row: doubled each time, up to a bound."""
    if failures < free:
        return timedelta(0)
    doublings = min(failures - free, 16)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def begin_login(connection: Connection, name: str, address: str, now: datetime) -> timedelta:
    """Count a login as failed before its password is looked at, so that many at once gain nothing.

    Returns how long to wait; nothing is counted then, and the password is not to be looked at.
    """
    with connection.transaction():
        sweep_failures(connection, now - FORGOTTEN_AFTER)
        known = [
            (subject, free, lock_failures(connection, subject)) for subject, free in _subjects(name, address)
        ]
        wait = max((f.blocked_until - now for _, _, f in known if f is not None), default=timedelta(0))
        if wait > timedelta(0):
            return wait
        for subject, free, before in known:
            count = 1 if before is None else before.failures + 1
            blocked_until = now + pause_after(count, free)
            save_failures(
                connection, subject, Failures(failures=count, last_at=now, blocked_until=blocked_until)
            )
    return timedelta(0)


def login_succeeded(connection: Connection, name: str, address: str, now: datetime) -> None:
    """Take back what the login was counted for: all of the account, one of the address."""
    (account, _), (place, _) = _subjects(name, address)
    with connection.transaction():
        lock_failures(connection, account)
        known = lock_failures(connection, place)
        forget_failures(connection, account)
        if known is None or known.failures <= 1:
            forget_failures(connection, place)
        else:
            less = Failures(failures=known.failures - 1, last_at=known.last_at, blocked_until=now)
            save_failures(connection, place, less)


def forget_account(connection: Connection, name: str) -> None:
    """Let an account try again at once; its password was set anew."""
    forget_failures(connection, _subjects(name, "")[0][0])


def _subjects(name: str, address: str) -> Sequence[tuple[str, int]]:
    """Return what is counted, in the order in which it is locked, with the failures that are free."""
    account = "".join(c for c in name if c.isprintable())[:LONGEST_NAME]
    return (f"account {account}", FREE_OF_ACCOUNT), (f"address {_network(address)}", FREE_OF_ADDRESS)


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address[:LONGEST_NAME]
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((int(found), _NETWORK_BITS), strict=False))
