"""Finds DL/T 645 meters on a line: its rate and parity, every address, and what each meter is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlencode

from collectors.exchange import overhear
from collectors.host_lock import HostLock
from collectors.transports import Line, line_for
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.discovery import Call, Discovery, FoundMeter, Heard, hear
from protocols.dlt645.line_diagnosis import Observation, diagnose
from protocols.dlt645.session import ECHOES_WILDCARD
from services.scan_line import LineAddress, Scanned, ScanReport, read_values
from services.settings import load_settings
from services.wiring import load_profiles

RATES = (2400, 9600, 1200, 4800, 19200, 600, 38400, 115200)
"""Tried in this order: the standard's default first, then what utilities set."""
PARITIES = ("E", "N", "O")
BITS_PER_BYTE = 11
LONGEST_ANSWER = 40
"""Bytes of the answers that the search asks for, preambles included."""
QUIET_S = 0.12
"""Silence after which nobody speaks any more; a meter may pause 500 ms within a frame, but none does."""
THREE_PHASE = "dlt645_2007_three_phase"
ONE_PHASE = "dlt645_2007_single_phase"
PROFILES = {2007: THREE_PHASE, 1997: "dlt645_1997"}
"""Which profile a meter of each edition is looked at with."""

Tell = Callable[[str], None]


async def scan_dlt645(where: LineAddress, tell: Tell, *, thorough: bool) -> ScanReport:
    """Find the setting of a serial line, then every address on it, then look at each meter.

    Raises:
        BusBusyError: If a collector owns the line.
        TransportError: If the line does not open or breaks.
    """
    lock = HostLock(where.bus, load_settings().lock_dir)
    lock.acquire()
    try:
        seen: list[Observation] = []
        discovery = Discovery()
        chosen = where
        for candidate in _settings_to_try(where):
            tell(f"asking everyone at {_setting(candidate)}")
            discovery = await _everyone(candidate, thorough=thorough, tell=tell)
            seen.append(_observed(candidate, discovery))
            chosen = candidate
            if discovery.found:
                break
    finally:
        lock.release()
    meters = []
    for meter in sorted(discovery.found.values(), key=lambda found: found.address):
        tell(f"looking at {meter.address}")
        meters.append(await _look_at(chosen, meter))
    given = "baudrate" in where.options
    serial = where.url.startswith("serial:")
    words = diagnose(seen, may_try_more=serial and given)
    if discovery.found and not discovery.is_complete:
        words += f"; the search stopped after {discovery.asked} questions, more meters may be there"
    return ScanReport(meters=meters, diagnosis=words, questions=discovery.asked)


def _settings_to_try(where: LineAddress) -> Iterator[LineAddress]:
    if not where.url.startswith("serial:") or "baudrate" in where.options:
        yield where
        return
    parities = (where.options["parity"],) if "parity" in where.options else PARITIES
    plain = where.url.partition("?")[0]
    for parity in parities:
        for rate in RATES:
            options = {**where.options, "baudrate": str(rate), "parity": parity}
            yield replace(where, url=f"{plain}?{urlencode(options)}", options=options)


def _setting(where: LineAddress) -> str:
    if not where.url.startswith("serial:"):
        return where.url
    parity = where.options.get("parity", "E")
    return f"{where.options.get('baudrate', '2400')} 8{parity}{where.options.get('stopbits', '1')}"


def _observed(where: LineAddress, discovery: Discovery) -> Observation:
    return Observation(
        setting=_setting(where),
        meters=len(discovery.found),
        broken_bytes=discovery.broken_bytes,
        echoed=discovery.echoed,
        babbled=discovery.is_babbled_at,
    )


async def _everyone(where: LineAddress, *, thorough: bool, tell: Tell) -> Discovery:
    discovery = Discovery(thorough=thorough)
    line = line_for(where.url)
    await line.open()
    try:
        while (call := discovery.next_call()) is not None:
            before = len(discovery.found)
            discovery.take(await _call(line, call, where.timeout_s))
            if len(discovery.found) > before or discovery.asked % 50 == 0:
                tell(f"{len(discovery.found)} meters after {discovery.asked} questions")
    finally:
        await line.close()
    return discovery


async def _call(line: Line, call: Call, timeout_s: float) -> Heard:
    on_wire = (len(call.frame) + LONGEST_ANSWER) * BITS_PER_BYTE / line.baudrate if line.baudrate else 0.0
    quiet_s = QUIET_S + (2 * BITS_PER_BYTE / line.baudrate if line.baudrate else 0.0)
    return hear(await overhear(line, call.frame, timeout_s + on_wire, quiet_s))


async def _look_at(where: LineAddress, meter: FoundMeter) -> Scanned:
    """Read a few values, which say how many phases a meter has and how its clock goes."""
    profiles = load_profiles(load_settings().profile_dir)
    name = PROFILES[meter.year]
    wanted = (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C, Quantity.CLOCK_OFFSET)
    read = await read_values(where, meter.address, profiles[name], wanted, retries=1)
    values = read.snapshot.values if read.snapshot is not None else {}
    phases = [quantity for quantity in wanted[:3] if quantity in values]
    options = {} if name == THREE_PHASE else {"profile": name}
    if phases == [Quantity.VOLTAGE_A] and not options:
        name = ONE_PHASE
        options = {"profile": name, "wiring": Wiring.ONE_PHASE.value}
    offset = values.get(Quantity.CLOCK_OFFSET)
    return Scanned(
        address=meter.address,
        protocol=where.protocol,
        version=meter.year,
        profile=name,
        url=where.meter_url(meter.address, **options),
        deviations=[*([ECHOES_WILDCARD] if meter.echoes_wildcard else []), *read.deviations],
        clock_offset_s=offset if isinstance(offset, float) else None,
        remark="" if values else f"found, but gave no value: {read.cause or 'it refused everything asked'}",
    )
