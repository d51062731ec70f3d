"""Who gives an order: the account at the operating system, and the one that was logged in with."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import dataclass
from pathlib import Path

LOGIN_UID = Path("/proc/self/loginuid")
"""Set by Linux at login and kept through su and sudo."""
NOBODY_LOGGED_IN = 2**32 - 1
OF_THE_PAGES = "pages/"
"""Before the name of an account of the dashboard; no account of an operating system holds a slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person, as far as the operating system knows."""

    account: str
    login: str = ""
    """The account of the login, where it is another one (su, sudo); empty when nobody knows."""
    host: str = ""
    name: str = ""
    """What the person calls themselves: told to others, never compared."""

    @property
    def is_of_the_pages(self) -> bool:
        """Whether the dashboard knows this person, and not the operating system."""
        return self.account.startswith(OF_THE_PAGES)

    @property
    def shown(self) -> str:
        """The person for people."""
        behind = f", logged in as {self.login}" if self.login not in ("", self.account) else ""
        return f"{self.name or self.account} ({self.account}@{self.host}{behind})"


def are_the_same(one: Person, other: Person) -> bool:
    """Tell whether two may be one person: they share an account, be it that of a login."""
    return bool({one.account, one.login} & {other.account, other.login} - {""})


def this_person(name: str = "") -> Person:
    """Return who runs this process."""
    return Person(account=_account(os.getuid()), login=_login(), host=socket.gethostname(), name=name)


def _login() -> str:
    try:
        uid = int(LOGIN_UID.read_text("ascii"))
    except (OSError, ValueError):
        uid = NOBODY_LOGGED_IN
    if uid != NOBODY_LOGGED_IN:
        return _account(uid)
    # Only root could lie here, and root could as well become anybody.
    return os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
