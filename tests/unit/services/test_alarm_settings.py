"""Secrets come from the environment or from files that not everybody reads, and stay out of errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.mail import Security
from pipeline.errors import ConfigError
from services.alarm_settings import AlarmSettings, alarm_broker
from services.settings import Settings, load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KILOWATCH_ALARM_SECRETS_DIR", str(tmp_path))
    return tmp_path


def secret_file(folder: Path, name: str, mode: int = 0o600) -> Path:
    file = folder / name
    file.write_text("hush\n")
    file.chmod(mode)
    return file


def test_a_secret_is_found_by_its_channel_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_ALARM_NORTH_GROUP_TOKEN", "hush")
    assert load(AlarmSettings).secret("north-group", "token") == "hush"
    assert load(AlarmSettings).secret("north-group", "secret") is None


@pytest.mark.parametrize(
    "proxy", ["u:hush@proxy:3128", "socks5://u:hush@proxy:1080", "proxy:3128", "http://"]
)
def test_a_proxy_of_another_kind_is_refused_at_the_start_and_not_shown(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_ALARM_HTTP_PROXY", proxy)
    with pytest.raises(ConfigError, match=r"KILOWATCH_ALARM_HTTP_PROXY: .*http://HOST:PORT") as caught:
        load(AlarmSettings)
    assert "hush" not in str(caught.value)
    assert "(got" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://u:hush@proxy:3128", "https://proxy/", "http://[::1]:3128"])
def test_a_web_proxy_is_taken(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_ALARM_HTTP_PROXY", proxy)
    assert load(AlarmSettings).web().proxy == proxy


def test_a_secret_is_found_in_its_file(folder: Path) -> None:
    secret_file(folder, "group.secret")
    settings = load(AlarmSettings)
    assert settings.secret("group", "secret") == "hush"
    assert settings.secret("group", "token") is None


@pytest.mark.usefixtures("folder")
def test_a_folder_that_may_not_be_entered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", shut)
    with pytest.raises(
        ConfigError, match=r"ALARM_SECRETS_DIR=.*group\.secret cannot be read: PermissionError"
    ):
        load(AlarmSettings).secret("group", "secret")


def test_a_file_that_everybody_reads_is_refused_without_telling_what_is_in_it(folder: Path) -> None:
    secret_file(folder, "group.secret", 0o644)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        load(AlarmSettings).secret("group", "secret")
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("channel", ["../group", "/etc/passwd", "..", "a/b"])
def test_no_channel_leads_out_of_the_folder(folder: Path, channel: str) -> None:
    secret_file(folder.parent, "group.secret")
    assert load(AlarmSettings).secret(channel, "secret") is None


def test_the_mail_server_has_the_usual_port_and_its_password_from_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="KILOWATCH_SMTP_HOST"):
        load(AlarmSettings).mail_server()
    monkeypatch.setenv("KILOWATCH_SMTP_HOST", "mail.grid.example")
    monkeypatch.setenv("KILOWATCH_SMTP_FROM", "kilowatch@grid.example")
    secret_file(folder, "smtp.password")
    server = load(AlarmSettings).mail_server()
    assert (server.port, server.security, server.password) == (587, Security.STARTTLS, "hush")
    monkeypatch.setenv("KILOWATCH_SMTP_SECURITY", "tls")
    assert load(AlarmSettings).mail_server().port == 465
    assert "hush" not in repr(load(AlarmSettings).mail_server())


def test_a_certificate_file_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_ALARM_CA_FILE", "/nowhere/ca.pem")
    with pytest.raises(ConfigError, match="KILOWATCH_MQTT_HOST"):
        alarm_broker(Settings())
    wrong = Settings(mqtt_host="localhost", mqtt_ca_file=Path("/nowhere/ca.pem"))
    with pytest.raises(ConfigError, match="KILOWATCH_MQTT_CA_FILE"):
        alarm_broker(wrong)
    with pytest.raises(ConfigError, match=r"KILOWATCH_ALARM_CA_FILE=/nowhere/ca\.pem"):
        load(AlarmSettings).web()
