"""How the dashboard is served: warned where others listen, TLS whole or not at all, one first password."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, StorageError
from services.serving import (
    first_password_path,
    is_loopback,
    make_first_account,
    require_free_address,
    serving_of,
)
from services.settings import Settings
from storage.accounts import find_account
from storage.database import connect


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_on_this_machine_alone_nothing_is_warned_of(host: str) -> None:
    assert is_loopback(host)
    assert serving_of(Settings(), host, None).warnings == ()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "kw.example"])  # noqa: S104 - it is warned of
def test_on_the_network_without_tls_it_is_warned_what_to_set(host: str) -> None:
    (warning,) = serving_of(Settings(), host, None).warnings
    assert f"listens on {host} without TLS" in warning
    assert "KILOWATCH_DASHBOARD_TLS_CERT_FILE" in warning
    assert "KILOWATCH_DASHBOARD_TRUSTED_PROXIES" in warning


def test_nobodys_forwarded_headers_are_believed_unless_named() -> None:
    options = serving_of(Settings(), None, 0).options
    assert (options.get("host"), options.get("port"), options.get("proxy_headers")) == ("127.0.0.1", 0, False)
    behind = serving_of(Settings(dashboard_trusted_proxies="10.0.0.5"), "10.0.0.1", None)
    assert behind.options.get("proxy_headers")
    assert behind.options.get("forwarded_allow_ips") == "10.0.0.5"
    assert behind.warnings == ()


def test_tls_takes_both_files(tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.touch()
    with pytest.raises(ConfigError, match="KILOWATCH_DASHBOARD_TLS_KEY_FILE is not set"):
        serving_of(Settings(dashboard_tls_cert_file=chain), None, None)
    with pytest.raises(ConfigError, match="KILOWATCH_DASHBOARD_TLS_KEY_FILE: there is no file"):
        serving_of(Settings(dashboard_tls_cert_file=chain, dashboard_tls_key_file=key), None, None)
    key.touch()
    both = Settings(dashboard_tls_cert_file=chain, dashboard_tls_key_file=key)
    serving = serving_of(both, "192.0.2.1", None)
    assert (serving.options.get("ssl_certfile"), serving.options.get("ssl_keyfile")) == (str(chain), str(key))
    assert serving.warnings == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_port_that_another_program_has_is_told_with_what_to_set(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"{host}:{port}: .*in use.*KILOWATCH_DASHBOARD_PORT"):
            require_free_address(host, port)
    require_free_address("127.0.0.1", port)


def test_an_address_of_another_host_is_told() -> None:
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1:0.*KILOWATCH_DASHBOARD_HOST"):
        require_free_address("192.0.2.1", 0)


def test_the_first_password_is_said_once_to_a_terminal(plain_database_url: str) -> None:
    said: list[str] = []
    for _ in range(2):
        make_first_account(plain_database_url, said.append, terminal=True)
    (line,) = said
    assert "log in as 'admin' with the password " in line


def test_without_a_terminal_it_goes_into_a_file_of_its_owner(
    plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    said: list[str] = []
    make_first_account(plain_database_url, said.append, terminal=False)
    path = first_password_path()
    name, password = path.read_text("utf-8").split()
    assert name == "admin"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(path) in said[0]
    assert password not in said[0]


def test_a_password_that_cannot_be_told_is_not_made(
    plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kilowatch").touch()  # a file where the folder should be
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError, match="kilowatch accounts add"):
        make_first_account(plain_database_url, print, terminal=False)
    with connect(plain_database_url) as connection:
        assert find_account(connection, "admin") is None


def test_a_database_that_is_away_is_told() -> None:
    with pytest.raises(StorageError):
        make_first_account("postgresql://nobody@127.0.0.1:1/none", print, terminal=True)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8645"),
        ("0.0.0.0", "http://127.0.0.1:8645"),  # noqa: S104 - not listened on
        ("::", "http://[::1]:8645"),
        ("fd00::1", "http://[fd00::1]:8645"),
        ("meters.example", "http://meters.example:8645"),
    ],
)
def test_where_a_browser_finds_the_pages(host: str, address: str) -> None:
    assert serving_of(Settings(), host, 8645).address == address
