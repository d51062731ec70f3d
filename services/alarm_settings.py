"""What alarms need of the environment: the mail server, proxies, and the secrets of channels."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alerts.mail import MailServer, Security
from alerts.posting import Web
from alerts.topics import AlarmBroker
from pipeline.errors import ConfigError
from services.mqtt_tls import tls_of
from services.secret_files import secret_if_there
from services.settings import PAGES_ADDRESS, PREFIX, Settings

_PROXY = re.compile(r"https?://[^/\s]+/?")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


class AlarmSettings(BaseSettings):
    """One field is one variable: ``smtp_host`` is ``KILOWATCH_SMTP_HOST``; an empty one is not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    smtp_host: str | None = Field(default=None, description="mail server; none = no e-mail")
    smtp_port: int | None = Field(
        default=None, ge=1, le=65535, description="its port; none = 587, 465 with tls, 25 without protection"
    )
    smtp_security: Security = Field(
        default=Security.STARTTLS, description="starttls, tls, or none for a server on this host"
    )
    smtp_username: str | None = Field(default=None, description="user at the mail server")
    smtp_password: SecretStr | None = Field(default=None, description="password there, or file smtp.password")
    smtp_from: str | None = Field(default=None, description="sender of alarms")
    alarm_secrets_dir: Path | None = Field(
        default=None, description="folder of secrets of channels: CHANNEL.token, CHANNEL.secret"
    )
    alarm_ca_file: Path | None = Field(
        default=None, description="certificate authority of the mail server and of webhooks; none = the usual"
    )
    alarm_http_proxy: SecretStr | None = Field(
        default=None, description="proxy for webhooks and robots; those of the environment are not used"
    )
    dashboard_url: str | None = Field(
        default=None,
        pattern=PAGES_ADDRESS,
        description="address of the pages as people reach them, for links in messages and results",
    )

    @field_validator("alarm_http_proxy")
    @classmethod
    def _web_proxy(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None and not _PROXY.fullmatch(given.get_secret_value()):
            raise ValueError(
                "should be http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ if need be"
            )
        return given

    def secret(self, channel: str, kind: str) -> str | None:
        """Return the ``token`` or ``secret`` of a channel; None where there is none.

        Raises:
            ConfigError: If its file cannot be read, or everybody can.
        """
        name = f"{PREFIX}ALARM_{re.sub(r'[^A-Z0-9]', '_', channel.upper())}_{kind.upper()}"
        told = os.environ.get(name)
        return told or self._in_file(f"{channel}.{kind}")

    def mail_server(self) -> MailServer:
        """Return the mail server.

        Raises:
            ConfigError: If none is named, or no sender.
        """
        if self.smtp_host is None or self.smtp_from is None:
            raise ConfigError(
                f"no mail server: set {PREFIX}SMTP_HOST and {PREFIX}SMTP_FROM (docs/alarms.md has an example)"
            )
        usual = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
        password = None if self.smtp_password is None else self.smtp_password.get_secret_value()
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port or usual[self.smtp_security],
            security=self.smtp_security,
            sender=self.smtp_from,
            username=self.smtp_username,
            password=password or self._in_file("smtp.password"),
            tls=self._tls(),
        )

    def web(self) -> Web:
        """Return how webhooks and robots are reached."""
        proxy = None if self.alarm_http_proxy is None else self.alarm_http_proxy.get_secret_value()
        return Web(proxy=proxy, tls=self._tls())

    def _tls(self) -> ssl.SSLContext | None:
        if self.alarm_ca_file is None:
            return None
        try:
            return ssl.create_default_context(cafile=self.alarm_ca_file)
        except OSError as error:
            raise ConfigError(f"{PREFIX}ALARM_CA_FILE={self.alarm_ca_file}: {error}") from error

    def _in_file(self, name: str) -> str | None:
        if self.alarm_secrets_dir is None or not _FILE_NAME.fullmatch(name):
            return None
        found = secret_if_there(self.alarm_secrets_dir / name, f"{PREFIX}ALARM_SECRETS_DIR")
        return None if found is None else found.strip() or None


def alarm_broker(settings: Settings) -> AlarmBroker:
    """Return the broker that alarms are published at: the one that meters publish at.

    Raises:
        ConfigError: If none is named, or its certificate authority cannot be read.
    """
    if settings.mqtt_host is None:
        raise ConfigError(f"no broker: set {PREFIX}MQTT_HOST")
    password = None if settings.mqtt_password is None else settings.mqtt_password.get_secret_value()
    return AlarmBroker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username=settings.mqtt_username,
        password=password,
        tls=tls_of(settings),
    )
