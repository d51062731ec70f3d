"""What an installation of Kilowatch may set: environment variables, checked at start."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.errors import ConfigError
from services.log_lines import LogFormat
from services.secret_files import read_secret

PREFIX = "KILOWATCH_"
MOST_THREADS = 4
"""By default: a detector's threads wait for each other's Python, and the machine has other work."""

PAGES_ADDRESS = r"^https?://[^/\s]+"
"""What an address of pages looks like, of ours or Prefect's, as people reach them."""

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class Settings(BaseSettings):
    """One field is one variable: ``database_url`` is ``KILOWATCH_DATABASE_URL``; an empty one is not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    database_url: SecretStr | None = Field(default=None, description="postgresql:// address of the database")
    mqtt_host: str | None = Field(default=None, description="host of the MQTT broker; none = no subscription")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="port of the broker")
    mqtt_username: str | None = Field(default=None, description="user at the broker")
    mqtt_password: SecretStr | None = Field(default=None, description="password at the broker")
    mqtt_ca_file: Path | None = Field(default=None, description="certificate authority; switches TLS on")
    mqtt_cert_file: Path | None = Field(
        default=None, description="certificate that we show the broker, where it wants one (PEM)"
    )
    mqtt_key_file: Path | None = Field(default=None, description="its private key (PEM)")
    mqtt_client_id: str | None = Field(
        default=None,
        description="client id: the broker keeps our session under it; none = one of this process's own",
    )
    mqtt_share: str | None = Field(
        default=None,
        pattern=r"^[^/+#]+$",
        description="group of processes that divide the messages, each with a client id of its own",
    )
    mqtt_discovery_prefix: str | None = Field(
        default=None,
        description="where Home Assistant looks for devices, usually homeassistant; none = tell it nothing",
    )
    poll_buses: bool = Field(default=True, description="false = take MQTT messages only, leave buses alone")
    buses: str | None = Field(
        default=None,
        description="patterns of the buses that this collector reads, such as north-*,east-1?; none = all",
    )
    lock_dir: Path = Field(
        default=Path(tempfile.gettempdir()) / "kilowatch-buses",
        description="folder of the host locks: one owner a bus",
    )
    spool_dir: Path = Field(
        default_factory=lambda: (
            Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "kilowatch/spool"
        ),
        description="folder of the spools: what the database does not take now waits there",
    )
    spool_max_mb: int = Field(default=1024, ge=0, description="the most a spool may hold; 0 = no spool")
    keep_raw_frames: bool = Field(
        default=True,
        description="keep the frames behind readings of buses, for as long as `kilowatch db retention "
        "raw_frame` says (7 days unless it is set)",
    )
    keep_raw_payloads: bool = Field(
        default=False,
        description="keep MQTT messages as well, 8 kB of each; about 7 us of CPU more for each reading",
    )
    bus_lease_s: float = Field(
        default=30.0,
        ge=1.0,
        le=45.0,
        description="seconds after which a bus whose owner is silent is another host's",
    )
    clock_sync_above_s: float = Field(
        default=60.0,
        ge=10.0,
        le=300.0,
        description="offset of a meter's clock above which the collector sets it, where that is allowed "
        "(default: a rule in use, to be confirmed)",
    )
    clock_person_above_s: float = Field(
        default=300.0,
        ge=10.0,
        le=300.0,
        description="offset above which a person decides; a meter takes no more than five minutes "
        "(DL/T 645-2007, function 08)",
    )
    profile_dir: Path | None = Field(default=None, description="folder of further meter profiles (*.toml)")
    detect_threads: int = Field(
        default_factory=lambda: min(len(os.sched_getaffinity(0)), MOST_THREADS),
        ge=1,
        le=64,
        description="threads that detectors' blocks of meters are worked off by",
    )
    test_data: Path = Field(
        default=Path("../shared/data"), description="folder of real curves for `kilowatch evaluate` and tests"
    )
    peer_python: Path | None = Field(
        default=None, description="a Python that has PyPI dlt645 3.2.0, for `kilowatch bench decode`"
    )
    postgresql_bin: Path | None = Field(
        default=None,
        description="folder of pg_dump and pg_restore for backups; none = the oldest that fit the server",
    )
    report_key_file: Path | None = Field(
        default=None,
        description="private key (Ed25519, PEM) that monthly reports are signed with; none = not signed",
    )
    log_format: LogFormat = Field(
        default=LogFormat.TEXT,
        description="what long-running commands write on stderr: text, or json with one object a line",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="address at which a collector answers probes and Prometheus"
    )
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="its port; none = a collector answers nobody"
    )
    metrics_token_file: Path | None = Field(
        default=None,
        description="file with the token that Prometheus must send; none = this host alone may fetch metrics",
    )
    dashboard_requests_per_minute: int = Field(
        default=1200,
        ge=0,
        description="requests a minute that the dashboard answers one caller; 0 = as many as come",
    )
    dashboard_burst: int = Field(default=300, ge=1, description="of these at once")
    dashboard_body_max_kb: int = Field(
        default=1024, ge=1, description="the most that one request to the dashboard may bring"
    )
    dashboard_host: str = Field(default="127.0.0.1", description="address the dashboard listens on")
    dashboard_port: int = Field(default=8645, ge=0, le=65535, description="its port")
    dashboard_tls_cert_file: Path | None = Field(
        default=None, description="certificate chain (PEM) of the dashboard; switches TLS on"
    )
    dashboard_tls_key_file: Path | None = Field(default=None, description="its private key (PEM)")
    dashboard_trusted_proxies: str | None = Field(
        default=None,
        description="addresses of reverse proxies, such as 10.0.0.5,10.0.0.6, whose X-Forwarded-For and "
        "X-Forwarded-Proto are believed; none = nobody's",
    )
    session_idle_minutes: int = Field(
        default=480, ge=5, le=10_080, description="minutes without use after which one has to log in again"
    )
    session_days: int = Field(default=7, ge=1, le=90, description="days after which one has to log in anyway")

    def require_database_url(self) -> str:
        """Return the database's address.

        Raises:
            ConfigError: If it is not set.
        """
        if self.database_url is None:
            raise ConfigError(
                f"no database: set {PREFIX}DATABASE_URL=postgresql://user:password@host:5432/name, "
                "or try `kilowatch demo`, which brings its own"
            )
        return self.database_url.get_secret_value()


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigError: Naming every variable that does not fit.
    """
    return load(Settings)


def load(kind: type[SettingsT]) -> SettingsT:
    """Read one group of settings from the environment.

    Raises:
        ConfigError: Naming every variable that does not fit.
    """
    try:
        return kind(**_from_files(kind))
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}"
            + ("" if _is_secret(kind, e["loc"]) else f" (got {e['input']!r})")
            for e in error.errors()
        ]
        # The first error's text holds what was given, secrets too.
        raise ConfigError("settings in the environment are wrong:\n" + "\n".join(lines)) from None


def _is_secret(kind: type[BaseSettings], where: tuple[int | str, ...]) -> bool:
    field = kind.model_fields.get(str(where[0])) if where else None
    return field is not None and SecretStr in (field.annotation, *get_args(field.annotation))


def _from_files(kind: type[BaseSettings]) -> dict[str, Any]:  # Any: what each setting takes
    """Read the secrets whose variable with ``_FILE`` behind it names a file; the variable goes first."""
    found: dict[str, Any] = {}  # as above
    for name in kind.model_fields:
        variable = f"{PREFIX}{name.upper()}"
        file = os.environ.get(f"{variable}_FILE")
        if not file or os.environ.get(variable) or not _is_secret(kind, (name,)):
            continue
        found[name] = SecretStr(read_secret(Path(file), f"{variable}_FILE").strip())
    return found
