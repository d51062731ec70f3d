"""Checks of certificates (PEM) that settings name: those of ours that ran out, or will soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from services.doctor.finding import Told, check, fault, ok, warning
from services.doctor.machine import Machine
from services.wiring import utc_now

SOON: Final = timedelta(days=30)
NAMED: Final = ("dashboard_tls_cert_file", "mqtt_ca_file", "mqtt_cert_file")
AUTHORITIES: Final = frozenset({"mqtt_ca_file"})


@check
def certificates(machine: Machine) -> Iterator[Told]:
    """Look until when the certificates that settings name hold."""
    for setting in NAMED:
        path: Path | None = getattr(machine.usable_settings, setting)
        if path is None:
            continue
        variable = f"KILOWATCH_{setting.upper()}"
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            yield fault(f"{path} holds no certificate: {error}", f"name a file in PEM in {variable}")
            continue
        # Of authorities one that still holds will do: a bundle keeps old ones beside those that follow them.
        until = max if setting in AUTHORITIES else min
        yield _judged(path, until(one.not_valid_after_utc for one in found), utc_now())


def _judged(path: Path, ends: datetime, now: datetime) -> Told:
    if ends <= now:
        return fault(f"{path} has run out on {ends:%Y-%m-%d}", "renew it, then restart the services")
    if ends - now < SOON:
        return warning(f"{path} runs out on {ends:%Y-%m-%d}", "renew it, then restart the services")
    return ok(f"{path} holds until {ends:%Y-%m-%d}")
