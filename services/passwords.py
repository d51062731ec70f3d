"""Passwords (口令): generated, judged, and hashed by argon2id; nothing else in the program sees a hash."""

from __future__ import annotations

import secrets
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pipeline.accounts import AccessError, Problem

SHORTEST, LONGEST = 12, 256
"""Characters of a password; NIST SP 800-63B asks for no composition rules, but for length."""
FEWEST_DIFFERENT = 5
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that people mix up."""
_GROUPS, _GROUP = 5, 4
_HASHER = PasswordHasher()
"""RFC 9106, section 4, second recommended option: 3 passes, 64 MiB, 4 lanes."""
_AT_ONCE = BoundedSemaphore(2)
"""Each hash takes 64 MiB: a crowd at the door waits instead of filling the memory."""
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$ENFJikOkFYhqZxHmRk1dOA$pxvlInMCXgQdFpiMfIhQeNcUJroouE3r9eel7zbWIXQ"
"""Checked for accounts that do not exist, so that the time of an answer does not tell."""


def generate_password() -> str:
    """Return a password of 99 random bits, in groups that are easy to copy by hand."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def require_good_password(password: str, account: str) -> None:
    """Complain about a password that is too easy to guess.

    Raises:
        AccessError: Saying what is wrong; the password itself is not repeated.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccessError(
            Problem.PASSWORD_LENGTH,
            f"a password has {SHORTEST} to {LONGEST} characters, this one {len(password)}",
            least=SHORTEST,
            most=LONGEST,
        )
    if len(set(password)) < FEWEST_DIFFERENT:
        raise AccessError(
            Problem.PASSWORD_VARIETY,
            f"a password needs at least {FEWEST_DIFFERENT} different characters",
            n=FEWEST_DIFFERENT,
        )
    if account in password.lower():
        raise AccessError(Problem.PASSWORD_NAME, "a password must not hold the account's name")


def hash_password(password: str) -> str:
    """Return the argon2id hash with its salt and parameters."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def password_fits(password: str, password_hash: str | None) -> bool:
    """Tell whether a password belongs to a hash; None takes as long and never fits."""
    with _AT_ONCE:
        try:
            _HASHER.verify(password_hash or _NOBODYS, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)
