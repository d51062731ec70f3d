"""Checks of what Kilowatch talks to: MQTT broker, serial ports, Prefect."""

from __future__ import annotations

import grp
from collections.abc import Iterator
from typing import Final

from collectors.broker import tls_advice
from collectors.broker_window import measured_window
from collectors.subscriber import BATCH_MESSAGES
from pipeline.errors import KilowatchError, StorageError
from services.doctor.finding import Told, check, fault, ok, warning
from services.doctor.machine import Machine
from services.listen import broker_of
from storage.registry import load_registry

PINNED: Final = (("fastapi", (0, 151)), ("sqlalchemy", (2, 1)), ("prefect", (4, 0)))
"""Below which version each must be: newer ones break Prefect's server or its scheduler (decision 0002)."""


@check
def mqtt_broker(machine: Machine) -> Iterator[Told]:
    """Look whether the broker lets us in, and sends enough ahead of our acknowledgements."""
    chosen = machine.usable_settings
    try:
        broker = broker_of(chosen)
        if broker is None:
            return
        window = measured_window(broker, 2 * BATCH_MESSAGES)
    except KilowatchError as error:
        yield fault(
            str(error),
            tls_advice(error.__cause__)
            or "start the broker, or correct KILOWATCH_MQTT_HOST, _PORT, _USERNAME and password",
        )
        return
    if window is None:
        yield warning(
            "it lets us in; its limits could not be measured: nothing came back of what we published",
            "let the account publish and subscribe below kilowatch/doctor/, or check max_inflight_messages",
        )
    elif window < 2 * BATCH_MESSAGES:
        yield warning(
            f"it sends only {window} messages ahead: batches of {BATCH_MESSAGES} wait for one another",
            f"raise its limits to {2 * BATCH_MESSAGES} and more (Mosquitto: max_inflight_messages, "
            "max_queued_messages)",
        )
    else:
        yield ok(f"it sends {window} messages and more ahead of acknowledgements")


@check
def serial_ports(machine: Machine) -> Iterator[Told]:
    """Look whether the serial ports of the archive are there and ours to open."""
    found = machine.database
    if found is None or isinstance(found, StorageError):
        return
    try:
        buses = load_registry(found).buses
    except StorageError:
        return  # no schema yet, which has a check of its own
    for bus in buses:
        if not bus.url.startswith("serial://"):
            continue
        device = bus.url.removeprefix("serial://").partition("?")[0]
        usable = machine.is_openable(device)
        if usable is None:
            yield fault(
                f"bus {bus.id}: {device} is not there", "plug the adapter in; see 'ls /dev/serial/by-id'"
            )
        elif not usable:
            group = "dialout" if _has_group("dialout") else "the group that owns it"
            yield fault(
                f"bus {bus.id}: {device} is not ours to open", f"put this account into {group} (usermod -aG)"
            )
        else:
            yield ok(f"bus {bus.id}: {device} can be opened")


@check
def prefect(machine: Machine) -> Iterator[Told]:
    """Look whether Prefect's server answers, and whether nothing it breaks with is installed."""
    for package, below in PINNED:
        found = machine.installed(package)
        if found is None:
            yield fault(f"{package} is not installed", "install Kilowatch anew into this environment")
        elif tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) >= below:
            limit = ".".join(map(str, below))
            yield fault(
                f"{package} {found} breaks Prefect", f"pip install '{package}<{limit}' (decision 0002)"
            )
    url = machine.environment.get("PREFECT_API_URL")
    if not url:
        yield warning(
            "PREFECT_API_URL is not set: flows would start a server of their own",
            "prefect server start, and set PREFECT_API_URL=http://127.0.0.1:4200/api",
        )
    elif machine.answers(f"{url.rstrip('/')}/health"):
        yield ok(f"its server answers at {url}")
    else:
        yield fault(f"its server does not answer at {url}", "start it: prefect server start")


def _has_group(name: str) -> bool:
    return any(group.gr_name == name for group in grp.getgrall())
