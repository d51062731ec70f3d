"""The machine as the checks see it: settings, files, programs, ports and connections, each replaceable."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import httpx
import psycopg

from pipeline.errors import ConfigError, StorageError
from services.settings import Settings, load, load_settings
from services.settings_page import SECTIONS
from storage.database import Connection, connect

PROGRAM_S: Final = 5.0
PEER_S: Final = 5.0


@dataclass
class Machine:
    """Looks at the real machine; a test replaces what it needs to."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    meter: str | None = None
    """The one meter to ask; None: one of each bus."""

    @cached_property
    def settings(self) -> Settings | ConfigError:
        """The settings, or what is wrong with them."""
        try:
            return load_settings()
        except ConfigError as error:
            return error

    @cached_property
    def wrong_settings(self) -> list[ConfigError]:
        """What is wrong with the groups of settings that single parts read: alarms, flows, setting meters."""
        wrong = []
        for _, kind in SECTIONS:
            if kind is not Settings:
                try:
                    load(kind)
                except ConfigError as error:
                    wrong.append(error)
        return wrong

    @property
    def usable_settings(self) -> Settings:
        """The settings; the defaults where they are wrong, which a check of its own tells."""
        return self.settings if isinstance(self.settings, Settings) else Settings.model_construct()

    @cached_property
    def database(self) -> Connection | StorageError | None:
        """A connection, or why there is none; None where no database is set."""
        url = self.usable_settings.database_url
        if url is None:
            return None
        try:
            return connect(url.get_secret_value())
        except StorageError as error:
            return error

    @property
    def python(self) -> tuple[int, ...]:
        """The version of Python that runs this."""
        return tuple(int(part) for part in platform.python_version_tuple()[:2])

    @property
    def postgres_driver(self) -> str:
        """How psycopg was built: ``binary`` and ``c`` are compiled."""
        return str(psycopg.pq.__impl__)

    def installed(self, package: str) -> str | None:
        """Return the version of a package; None where it is missing."""
        try:
            return version(package)
        except PackageNotFoundError:
            return None

    def mode(self, path: Path) -> int | None:
        """Return the permission bits of a file; None where it is not to be seen."""
        try:
            return stat.S_IMODE(path.stat().st_mode)
        except OSError:
            return None

    def is_writable(self, folder: Path) -> bool:
        """Tell whether this account may write into a folder, or make it where it is missing."""
        existing = next((p for p in (folder, *folder.parents) if p.exists()), Path("/"))
        return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)

    def free_bytes(self, folder: Path) -> int:
        """Return the room on the disk of a folder."""
        existing = next((p for p in (folder, *folder.parents) if p.exists()), Path("/"))
        return shutil.disk_usage(existing).free

    def is_openable(self, path: str) -> bool | None:
        """Tell whether this account may use a device; None where it is not there."""
        return os.access(path, os.R_OK | os.W_OK) if Path(path).exists() else None

    def port_is_free(self, host: str, port: int) -> bool:
        """Tell whether nothing listens at an address of this host."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.create_server((host, port), family=family):
                return True
        except OSError:
            return False

    def output(self, *command: str) -> str | None:
        """Return what a program of the system says; None where it is missing or fails."""
        found = shutil.which(command[0])
        if found is None:
            return None
        try:
            done = subprocess.run(  # noqa: S603 - names of our own checks
                [found, *command[1:]], capture_output=True, text=True, timeout=PROGRAM_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None

    def answers(self, url: str) -> bool:
        """Tell whether a web server answers well at an address."""
        return _answers(url, verify=True)

    def answers_here(self, url: str) -> bool:
        """Tell the same of a server of this host, whose certificate is for the name that people use."""
        return _answers(url, verify=False)

    def close(self) -> None:
        """Close what was opened."""
        opened = self.__dict__.get("database")
        if isinstance(opened, psycopg.Connection):
            opened.close()


def _answers(url: str, *, verify: bool) -> bool:
    try:
        return httpx.get(url, timeout=PEER_S, trust_env=False, verify=verify).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
