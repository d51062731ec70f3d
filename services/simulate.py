"""Serves a simulated fleet on this machine, with its archive and the truth about what was planted."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from pipeline.errors import ConfigError, TransportError
from pipeline.registry import Registry
from services.simulated_history import write_history
from services.wiring import utc_now
from simulators.faults.deed import deeds, described_key
from simulators.faults.detector_numbers import DETECTORS
from simulators.fleet.archive import archive_of
from simulators.fleet.archive_beside import keys_beside, tables_beside
from simulators.fleet.build import Fleet, build_fleet, fleet_names, load_fleet
from simulators.fleet.faulty_slaves import faulty_slave_maker
from simulators.fleet.serving import ServedFleet, serve_fleet
from simulators.fleet.wire import gateway_maker, slave_maker
from simulators.fleet.wire_truth import wire_truths
from storage.reading_files import check_reading_file
from storage.registry_files import export_registry

HOST = "127.0.0.1"
LAST_PORT = 65535
GATEWAYS_EVERY_S = 1.0
"""How often it is looked whether the gateways may speak, and whether they have told what they had stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetFiles:
    """Where to write what belongs to a fleet."""

    registry: Path | None = None
    truth: Path | None = None
    readings: Path | None = None
    """What the meters showed each quarter of an hour of their history."""
    stats: Path | None = None
    """Exchanges and injected line faults by bus: written at the start, when the gateways have told all that
    they had stored, and when the fleet stops."""
    gateways_after: Path | None = None
    """Gateways wait until this file is there."""


def simulate(
    name: str, files: FleetFiles, broker: str | None, tell: Callable[[Mapping[str, object]], None]
) -> float:
    """Serve a fleet until SIGINT or SIGTERM and return the share of exchanges that a line fault hit.

    Args:
        name: A fleet file, or the name of one of ours.
        files: Where archive and truth go; written before ``tell`` is called.
        broker: ``host:port`` that the gateways publish to; None leaves them out.
        tell: Takes the addresses once everything listens.

    Raises:
        ConfigError: If the fleet file or the broker's address is wrong, or a file cannot be written.
        TransportError: If a port is taken.
    """
    return asyncio.run(_simulate(name, files, _address(broker), tell))


def write_files(name: str, files: FleetFiles, begin: Callable[[str], None] = lambda _step: None) -> int:
    """Write what a fleet's meters showed over their history, its archive and its truth, and serve nothing.

    ``begin`` is called with each meter's id. Returns how many readings there are.

    Raises:
        ConfigError: If the fleet file is wrong, or a file cannot be written.
    """
    if files.readings is not None:
        check_reading_file(files.readings)
    fleet = build_fleet(load_fleet(name), utc_now())
    _write(files, fleet, archive_of(fleet, {bus.id: f"tcp://{HOST}:{bus.port}" for bus in fleet.plan.buses}))
    return 0 if files.readings is None else write_history(fleet, files.readings, begin)


def fleet_rows() -> list[dict[str, object]]:
    """Return the fleets that come with the project, each with what is in it."""
    rows: list[dict[str, object]] = []
    for name in fleet_names():
        plan = load_fleet(name)
        lines = len(plan.buses) + len(plan.gateways)
        rows.append(
            {
                "fleet": name,
                "meters": len(plan.meters),
                "lines": lines,
                "days": plan.history_days,
                "faults": sum(not fault.twin for fault in plan.faults),
                "twins": sum(fault.twin for fault in plan.faults),
                "what": plan.what,
            }
        )
    return rows


def fault_rows() -> list[dict[str, object]]:
    """Return every kind of fault: its keys, the detector it is for, its innocent twin."""
    return [
        {
            "deed": name,
            "zh": deed.zh,
            "for": DETECTORS[deed.detector] or deed.detector,
            "detector": deed.detector,
            "what": deed.what,
            "energy_kwh": deed.stake.value,
            "keys": ", ".join(described_key(key) for key in deed.keys),
            "twin": deed.twin,
        }
        for name, deed in deeds.all().items()
    ]


async def _simulate(
    name: str,
    files: FleetFiles,
    broker: tuple[str, int] | None,
    tell: Callable[[Mapping[str, object]], None],
) -> float:
    fleet = build_fleet(load_fleet(name), utc_now())
    make_slave = faulty_slave_maker(partial(slave_maker, fleet), utc_now)
    make_gateway = None if broker is None else gateway_maker(fleet, broker)
    stopped = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    try:
        served = await serve_fleet(fleet, host=HOST, make_slave=make_slave)
    except OSError as error:
        raise TransportError(f"fleet {name}: {error}; change the ports in the fleet file") from error
    try:
        _write(files, served.fleet, served.registry)
        _write_stats(files.stats, served)  # now too: a path that cannot be written shows before anybody waits
        scan = {bus.id: f"{bus.protocol}+{served.urls[bus.id]}" for bus in fleet.plan.buses}
        tell({"fleet": name, "meters": len(fleet.meters), "buses": served.urls, "scan": scan})
        if make_gateway is not None:
            await _until(lambda: files.gateways_after is None or files.gateways_after.exists(), stopped)
            if not stopped.is_set():
                await served.start_gateways(make_gateway)
            await _until(lambda: served.gateways_told, stopped)
            _write_stats(files.stats, served)
        await stopped.wait()
        return served.fault_share
    finally:
        await served.close()
        _write_stats(files.stats, served)


async def _until(is_so: Callable[[], bool], stopped: asyncio.Event) -> None:
    """Look now and then until something is so, or everything is to stop."""
    while not stopped.is_set() and not is_so():
        with suppress(TimeoutError):
            async with asyncio.timeout(GATEWAYS_EVERY_S):
                await stopped.wait()


def archive_text(fleet: Fleet, registry: Registry) -> str:
    """Return the archive of a fleet as a registry file, with what a registry does not read yet beside it."""
    return export_registry(registry, beside=keys_beside(fleet, registry), tables=tables_beside(fleet))


def _write(files: FleetFiles, fleet: Fleet, registry: Registry) -> None:
    try:
        if files.registry is not None:
            files.registry.write_text(archive_text(fleet, registry), encoding="utf-8")
        if files.truth is not None:
            rows = [truth.as_json() for truth in fleet.truth]
            rows += [truth.as_json(fleet) for truth in wire_truths(fleet)]
            files.truth.write_bytes(
                b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
            )
    except OSError as error:
        raise ConfigError(f"cannot write {error.filename}: {error.strerror}") from error


def _write_stats(file: Path | None, served: ServedFleet) -> None:
    if file is None:
        return
    buses = {
        bus: {"exchanges": stats.exchanges, "faults": {str(kind): n for kind, n in stats.faults.items()}}
        for bus, stats in served.stats.items()
    }
    stats = {"fault_share": served.fault_share, "gateways_told": served.gateways_told, "buses": buses}
    try:
        whole = file.with_name(f"{file.name}.new")  # whoever waits for it never reads half of it
        whole.write_bytes(orjson.dumps(stats))
        whole.replace(file)
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from error


def _address(broker: str | None) -> tuple[str, int] | None:
    if broker is None:
        return None
    host, _, port = broker.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= LAST_PORT:
        raise ConfigError(f"broker {broker!r}: write HOST:PORT, such as 127.0.0.1:1883")
    return host, int(port)
