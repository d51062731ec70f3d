"""What the dashboard's server is started with: where it listens, TLS, trusted proxies, the first account."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Required, TypedDict

from pipeline.errors import ConfigError
from services.accounts import first_administrator
from services.login import SessionRules
from services.persons import this_person
from services.settings import PREFIX, Settings
from services.wiring import utc_now
from storage.database import connect

FIRST_PASSWORD_FILE = "first-password"  # noqa: S105 - a file's name

EVERYWHERE: Mapping[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what others say
"""By an address that listens on every interface, the one that this machine reaches it by."""


class ServerOptions(TypedDict, total=False):
    """What uvicorn is told."""

    host: Required[str]
    port: Required[int]
    ssl_certfile: str
    ssl_keyfile: str
    proxy_headers: bool
    forwarded_allow_ips: str
    server_header: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How the pages are served."""

    options: ServerOptions
    session_rules: SessionRules
    warnings: tuple[str, ...]

    @property
    def address(self) -> str:
        """Where a browser of this machine finds the pages."""
        scheme = "https" if "ssl_certfile" in self.options else "http"
        host = EVERYWHERE.get(self.options["host"], self.options["host"])
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.options['port']}"


def serving_of(settings: Settings, host: str | None, port: int | None) -> Serving:
    """Return how to serve by settings and by what the command says.

    Raises:
        ConfigError: If only one of certificate and key is set, or a file is not there.
    """
    where = host or settings.dashboard_host
    options = ServerOptions(
        host=where,
        port=settings.dashboard_port if port is None else port,
        proxy_headers=settings.dashboard_trusted_proxies is not None,
        server_header=False,
    )
    if settings.dashboard_trusted_proxies is not None:
        options["forwarded_allow_ips"] = settings.dashboard_trusted_proxies
    if settings.dashboard_tls_cert_file is not None or settings.dashboard_tls_key_file is not None:
        options["ssl_certfile"] = _file("DASHBOARD_TLS_CERT_FILE", settings.dashboard_tls_cert_file)
        options["ssl_keyfile"] = _file("DASHBOARD_TLS_KEY_FILE", settings.dashboard_tls_key_file)
    return Serving(
        options=options,
        session_rules=SessionRules(
            idle=timedelta(minutes=settings.session_idle_minutes),
            absolute=timedelta(days=settings.session_days),
        ),
        warnings=() if is_loopback(where) or _is_shielded(options) else (_open_to_listeners(where),),
    )


def require_free_address(host: str, port: int) -> None:
    """Make sure that the pages can be served there, before anything else is begun.

    Raises:
        ConfigError: If another program has the port, or the address is none of this host's.
    """
    try:
        families = {found[0] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        for family in families:
            socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"the pages cannot be served at {host}:{port}: {error.strerror}. Next step: see who has the port "
            f"('ss -ltnp'), or name a free one in {PREFIX}DASHBOARD_PORT, and an address of this host in "
            f"{PREFIX}DASHBOARD_HOST"
        ) from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_first_account(database_url: str, say: Callable[[str], None], *, terminal: bool) -> None:
    """Make the administrator of a new installation and say the password, once, to a terminal or into a file.

    Args:
        database_url: The database.
        say: Takes a line for the terminal.
        terminal: False where what is said ends up in a log: the password then goes into a file of the user.

    Raises:
        StorageError: If the database is away, or without the schema.
        ConfigError: If the file cannot be written; there is no account then.
    """
    with connect(database_url) as connection, connection.transaction():
        made = first_administrator(connection, utc_now(), this_person())
        if made is None:
            return
        name, password = made
        if not terminal:
            # Within the transaction: a password that could not be told is none.
            path = _written(name, password)
            say(f"first start: account {name!r} was made; read its password in {path}, then delete that file")
            return
    say(f"first start: log in as {name!r} with the password {password} - it is told only this once")


def first_password_path() -> Path:
    """Return where a password goes that no terminal shows."""
    folder = os.environ.get("STATE_DIRECTORY") or os.environ.get("XDG_STATE_HOME")
    return Path(folder or Path.home() / ".local/state") / "kilowatch" / FIRST_PASSWORD_FILE


def _written(name: str, password: str) -> Path:
    path = first_password_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        # Only its owner reads it, from the first moment on; a file that somebody laid there is not followed.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{name} {password}\n")
    except OSError as error:
        raise ConfigError(
            f"the first password cannot be written to {path}: {error.strerror}. Next step: "
            "'kilowatch accounts add NAME --role administrator' in a terminal"
        ) from error
    return path


def _file(name: str, path: Path | None) -> str:
    if path is None:
        raise ConfigError(f"TLS needs certificate and key: {PREFIX}{name} is not set")
    if not path.is_file():
        raise ConfigError(f"{PREFIX}{name}: there is no file {path}")
    return str(path)


def _is_shielded(options: ServerOptions) -> bool:
    return "ssl_certfile" in options or "forwarded_allow_ips" in options


def _open_to_listeners(host: str) -> str:
    return (
        f"the dashboard listens on {host} without TLS: whoever listens on the network reads passwords and "
        f"cookies. Set {PREFIX}DASHBOARD_TLS_CERT_FILE and {PREFIX}DASHBOARD_TLS_KEY_FILE, or put a proxy "
        f"with TLS before it and name it in {PREFIX}DASHBOARD_TRUSTED_PROXIES (docs/access.md)"
    )
