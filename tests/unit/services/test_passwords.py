"""Passwords: hashed by argon2id, never equal twice, judged by length, and as slow for nobody's account."""

from __future__ import annotations

import pytest

from pipeline.errors import ConfigError
from services.passwords import (
    generate_password,
    hash_password,
    is_outdated,
    password_fits,
    require_good_password,
)

pytestmark = pytest.mark.usefixtures("heavy_hashes")


def test_a_hash_is_argon2id_with_the_parameters_of_rfc_9106_and_a_salt_of_its_own() -> None:
    one, other = hash_password("correct horse battery"), hash_password("correct horse battery")
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other
    assert password_fits("correct horse battery", one)
    assert not password_fits("correct horse batterz", one)


@pytest.mark.parametrize("stored", [None, "", "no hash", "$argon2id$v=19$m=65536,t=3,p=4$AAAA$AAAA"])
def test_without_a_hash_nothing_fits(stored: str | None) -> None:
    assert not password_fits("", stored)
    assert not password_fits("correct horse battery", stored)


def test_no_password_fits_what_is_checked_for_nobodys_account() -> None:
    assert not password_fits("x", None)  # the very password that the stand-in hash was made of


def test_a_hash_made_with_weaker_parameters_is_told() -> None:
    weak = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$5dPCFNB2K3oNWY6oCrFc1g"
    assert is_outdated(weak)
    assert not is_outdated(hash_password("correct horse battery"))


def test_generated_passwords_are_long_good_and_never_the_same() -> None:
    made = {generate_password() for _ in range(200)}
    assert len(made) == 200
    assert {len(password) for password in made} == {24}
    for password in made:
        require_good_password(password, "admin")


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "12 to 256 characters, this one 5"),
        ("x" * 257, "12 to 256 characters, this one 257"),
        ("aaaaaaaabbbb", "different characters"),
        ("my Wang password", "account's name"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_and_not_repeated(password: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as refused:
        require_good_password(password, "wang")
    assert password not in str(refused.value)
