"""Metrics are for this host, or for whoever has the token."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from services.status.permit import Permit, permit_of


def test_without_a_token_only_this_host_may_ask() -> None:
    permit = Permit()
    assert permit.admits("127.0.0.1", None)
    assert permit.admits("::1", None)
    assert not permit.admits("192.0.2.7", None)
    assert not permit.admits("", None)


def test_behind_a_proxy_nobody_is_this_host() -> None:
    assert not Permit().admits("127.0.0.1", None, {"host", "x-forwarded-for"})


def test_a_token_is_needed_from_everybody_once_there_is_one(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    permit = permit_of(file)
    assert permit.admits("192.0.2.7", "Bearer s3cret")
    assert permit.admits("192.0.2.7", "bearer s3cret", {"x-forwarded-for"})
    for wrong in (None, "", "Bearer", "Bearer ", "Bearer s3cre", "Basic s3cret", "s3cret", "Bearer s3crét"):
        assert not permit.admits("127.0.0.1", wrong)


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_a_file_without_a_token_is_a_wrong_setting(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match="KILOWATCH_METRICS_TOKEN_FILE"):
        permit_of(file)
