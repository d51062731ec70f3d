"""Settings come from the environment; every wrong one is named at once."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from services.settings import Settings, load_settings

URL = "postgresql://meter:secret@db.example:5432/kilowatch"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", URL)
    monkeypatch.setenv("KILOWATCH_MQTT_PORT", "8883")
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", "/run/kilowatch")
    settings = load_settings()
    assert settings.require_database_url() == URL
    assert (settings.mqtt_port, settings.lock_dir) == (8883, Path("/run/kilowatch"))


def test_the_defaults_listen_on_loopback_only_and_subscribe_to_nothing() -> None:
    settings = Settings()
    assert settings.dashboard_host == "127.0.0.1"
    assert settings.mqtt_host is None


def test_every_wrong_variable_is_named_with_what_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_MQTT_PORT", "many")
    monkeypatch.setenv("KILOWATCH_DASHBOARD_PORT", "70000")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    message = str(caught.value)
    assert "KILOWATCH_MQTT_PORT: " in message
    assert "'many'" in message
    assert "KILOWATCH_DASHBOARD_PORT: " in message
    assert "'70000'" in message


def test_without_a_database_the_error_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="set KILOWATCH_DATABASE_URL=postgresql://"):
        load_settings().require_database_url()


def test_an_empty_database_address_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", "")
    with pytest.raises(ConfigError, match="set KILOWATCH_DATABASE_URL=postgresql://"):
        load_settings().require_database_url()


def test_passwords_are_not_shown() -> None:
    shown = repr(Settings(database_url=URL, mqtt_password="hush"))  # type: ignore[arg-type]  # noqa: S106  # texts become secrets; a test's own
    assert "secret" not in shown
    assert "hush" not in shown


def test_a_secret_may_come_out_of_a_file_and_the_variable_goes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://kw:s3cret@db/kw\n")
    file.chmod(0o600)
    monkeypatch.delenv("KILOWATCH_DATABASE_URL", raising=False)
    monkeypatch.setenv("KILOWATCH_DATABASE_URL_FILE", str(file))
    assert load_settings().require_database_url() == "postgresql://kw:s3cret@db/kw"
    assert "s3cret" not in repr(load_settings())
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", "postgresql://other/kw")
    assert load_settings().require_database_url() == "postgresql://other/kw"
    monkeypatch.delenv("KILOWATCH_DATABASE_URL")
    monkeypatch.setenv("KILOWATCH_DATABASE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="KILOWATCH_DATABASE_URL_FILE"):
        load_settings()
