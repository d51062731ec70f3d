"""Checks of the host itself: Python, settings, files, disks, ports, clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError
from services.doctor.finding import Told, check, fault, ok, warning
from services.doctor.machine import Machine
from services.secret_files import GROUP_AND_EVERYBODY, is_open
from services.settings import Settings

OLDEST_PYTHON: Final = (3, 11)
LITTLE_BYTES: Final = 2_000_000_000
SERVICE_FILES: Final = (Path("/etc/kilowatch"),)
"""Where the units of ``ops/systemd`` look for settings and secrets."""


@check
def python(machine: Machine) -> Iterator[Told]:
    """Look for a Python that is new enough."""
    told = ".".join(map(str, machine.python))
    if machine.python >= OLDEST_PYTHON:
        yield ok(f"Python {told}")
    else:
        yield fault(f"Python {told} is too old", "install Python 3.11 or newer and a new environment")


@check
def settings(machine: Machine) -> Iterator[Told]:
    """Look whether every setting fits."""
    found = machine.settings
    wrong = [*([found] if isinstance(found, ConfigError) else []), *machine.wrong_settings]
    for error in wrong:
        yield fault(str(error).replace("\n", "; "), "correct the variables that are named")
    if isinstance(found, ConfigError):
        return
    if found.database_url is None:
        yield fault(
            "no database is named", "set KILOWATCH_DATABASE_URL, or KILOWATCH_DATABASE_URL_FILE for a file"
        )
    elif not wrong:
        yield ok("they fit")


@check
def secret_files(machine: Machine) -> Iterator[Told]:
    """Look whether files that hold secrets are for their owner alone."""
    for path in sorted(_secret_files(machine)):
        mode = machine.mode(path)
        if mode is None:
            yield fault(f"{path} is not there, or not for this account", "name a file that can be read")
        elif is_open(path, mode, to=GROUP_AND_EVERYBODY):
            yield fault(f"{path} is open to others (mode {mode:04o})", f"chmod 600 {path}")
        else:
            yield ok(f"{path} is closed to others")


def _secret_files(machine: Machine) -> set[Path]:
    chosen = machine.usable_settings
    named = {chosen.metrics_token_file, chosen.report_key_file, chosen.dashboard_tls_key_file}
    by_variable = {
        Path(value)
        for name, value in machine.environment.items()
        if name in {"KILOWATCH_DATABASE_URL_FILE", "KILOWATCH_MQTT_PASSWORD_FILE"} and value
    }
    filed = {
        file for folder in SERVICE_FILES for pattern in ("*.env", "*.secret") for file in folder.glob(pattern)
    }
    return {path for path in named if path is not None} | by_variable | filed


@check
def spool(machine: Machine) -> Iterator[Told]:
    """Look whether what the database does not take has a place to wait in."""
    chosen = machine.usable_settings
    if chosen.spool_max_mb == 0:
        yield warning(
            "there is no spool: a database that is away costs readings",
            "set KILOWATCH_SPOOL_MAX_MB to some hundred",
        )
        return
    if not machine.is_writable(chosen.spool_dir):
        yield fault(
            f"{chosen.spool_dir} cannot be written", "name a folder of this account in KILOWATCH_SPOOL_DIR"
        )
        return
    free, wanted = machine.free_bytes(chosen.spool_dir), chosen.spool_max_mb * 1_000_000
    if free < wanted:
        yield warning(
            f"{free / 1e6:.0f} MB are free at {chosen.spool_dir}, a spool may take {chosen.spool_max_mb} MB",
            "make room, or lower KILOWATCH_SPOOL_MAX_MB",
        )
    else:
        yield ok(f"{chosen.spool_dir} can be written, {free / 1e9:.1f} GB are free")


@check
def lock_folder(machine: Machine) -> Iterator[Told]:
    """Look whether the locks that keep two owners off one bus can be made."""
    folder = machine.usable_settings.lock_dir
    if machine.is_writable(folder):
        yield ok(f"{folder} can be written")
    else:
        yield fault(
            f"{folder} cannot be written",
            "name a folder that every account of Kilowatch may write in KILOWATCH_LOCK_DIR",
        )


@check
def disk(machine: Machine) -> Iterator[Told]:
    """Look whether the disk of this host has room for logs and reports."""
    free = machine.free_bytes(Path.cwd())
    if free < LITTLE_BYTES:
        yield warning(f"{free / 1e9:.1f} GB are free on this disk", "make room: logs and reports need some")
    else:
        yield ok(f"{free / 1e9:.1f} GB are free")


@check
def ports(machine: Machine) -> Iterator[Told]:
    """Look whether the services that are not running yet could listen where they should."""
    chosen: Settings = machine.usable_settings
    web = "http" if chosen.dashboard_tls_cert_file is None else "https"
    for name, scheme, host, port in (
        ("the dashboard", web, chosen.dashboard_host, chosen.dashboard_port),
        ("a collector", "http", chosen.metrics_host, chosen.metrics_port),
    ):
        if not port:
            continue
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if machine.port_is_free(host, port):
            yield ok(f"{where} is free for {name}")
        elif machine.answers_here(f"{scheme}://{where}/health"):
            yield ok(f"{name} answers at {where}")
        else:
            yield fault(
                f"something else has {where}, where {name} should listen",
                "find it with 'ss -ltnp', or set KILOWATCH_DASHBOARD_PORT or KILOWATCH_METRICS_PORT",
            )


@check
def clock(machine: Machine) -> Iterator[Told]:
    """Look whether this host's clock is kept: every reading bears its time."""
    said = machine.output("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said is not None and said.strip() == "yes":
        yield ok("synchronised (timedatectl)")
        return
    tracking = machine.output("chronyc", "-n", "tracking")
    if tracking is not None and "Leap status     : Normal" in tracking:
        yield ok("synchronised (chrony)")
    elif said is None and tracking is None:
        yield warning(
            "nobody tells whether the clock is kept: neither timedatectl nor chronyc answers",
            "make sure that this host, or the one it runs on, follows a time server",
        )
    else:
        yield fault("the clock is not synchronised", "switch a time service on: timedatectl set-ntp true")
