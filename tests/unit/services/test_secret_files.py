"""A file with a secret is taken where others cannot read it, and no error repeats what it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from services.secret_files import EVERYBODY, GROUP_AND_EVERYBODY, is_open, read_secret
from services.settings import load_settings


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a secret."""
    file = tmp_path / "secret"
    file.write_text("quite secret\n")
    return file


@pytest.mark.parametrize(
    ("mode", "to_everybody", "to_the_group"),
    [
        (0o600, False, False),
        (0o400, False, False),
        (0o640, False, True),
        (0o644, True, True),
        (0o602, True, True),
    ],
)
def test_who_may_read_it_decides(secret: Path, mode: int, *, to_everybody: bool, to_the_group: bool) -> None:
    secret.chmod(mode)
    for closed_to, refused in ((EVERYBODY, to_everybody), (GROUP_AND_EVERYBODY, to_the_group)):
        if not refused:
            assert read_secret(secret, "KILOWATCH_X_FILE", closed_to=closed_to) == "quite secret\n"
            continue
        with pytest.raises(ConfigError, match=f"^KILOWATCH_X_FILE={secret}: .*; run chmod 600") as told:
            read_secret(secret, "KILOWATCH_X_FILE", closed_to=closed_to)
        assert "quite" not in str(told.value)


def test_what_a_container_engine_mounts_is_seen_by_the_container_alone() -> None:
    assert is_open(Path("/srv/secrets/url"), 0o644)
    assert not is_open(Path("/run/secrets/url"), 0o644)


def test_a_file_that_is_not_there_or_no_text_is_told(secret: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: FileNotFoundError; name a file"):
        read_secret(secret.with_name("nowhere"), "KILOWATCH_X_FILE")
    secret.chmod(0o600)
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UnicodeDecodeError"):
        read_secret(secret, "KILOWATCH_X_FILE")


def test_a_password_in_a_file_that_everybody_reads_is_no_setting(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KILOWATCH_MQTT_PASSWORD", raising=False)
    monkeypatch.setenv("KILOWATCH_MQTT_PASSWORD_FILE", str(secret))
    secret.chmod(0o644)
    with pytest.raises(ConfigError, match="KILOWATCH_MQTT_PASSWORD_FILE"):
        load_settings()
    secret.chmod(0o640)
    password = load_settings().mqtt_password
    assert password is not None
    assert password.get_secret_value() == "quite secret"
