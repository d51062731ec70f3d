"""Finds Modbus meters on a line: which addresses answer, and the profile whose probe fits each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from collectors.targets import MeterRead
from pipeline.coverage import Cause
from pipeline.errors import BusBusyError, TransportError
from protocols.profile import Profile
from services.scan_line import LineAddress, Scanned, ScanReport, read_values
from services.settings import load_settings
from services.wiring import load_profiles

Tell = Callable[[str], None]


async def scan_modbus(where: LineAddress, units: range, tell: Tell) -> ScanReport:
    """Ask each address what the probes of the profiles want to know.

    Raises:
        BusBusyError: If a collector owns the line.
        TransportError: If the line does not open or breaks.
    """
    profiles = [
        profile
        for profile in load_profiles(load_settings().profile_dir).values()
        if profile.family == "modbus" and (profile.probe or _describes_itself(profile))
    ]
    meters: list[Scanned] = []
    questions = 0
    for unit in units:
        tell(f"asking address {unit}, {len(meters)} meters so far")
        reads: dict[str, MeterRead] = {}
        for profile in profiles:
            wanted = tuple(profile.quantities if _describes_itself(profile) else profile.probe)
            read = await read_values(where, str(unit), profile, wanted, retries=0)
            questions += read.attempts
            _raise_if_gone(read)
            if read.cause is Cause.NO_ANSWER and not reads:
                break  # nobody there: the other profiles would wait in vain
            reads[profile.name] = read
        if reads:
            meters.append(_identified(where, unit, reads, profiles))
    words = (
        f"{len(meters)} meters answer"
        if meters
        else f"no address from {units[0]} to {units[-1]} answers; check wiring, rate, parity and --units"
    )
    return ScanReport(meters=meters, diagnosis=words, questions=questions)


def _describes_itself(profile: Profile) -> bool:
    """Tell a profile of SunSpec, whose meters say themselves what they are, from a register map."""
    return profile.protocol == "modbus-sunspec"


def _raise_if_gone(read: MeterRead) -> None:
    if read.cause is Cause.BUS_BUSY:
        raise BusBusyError(read.failure)
    if read.cause is Cause.LINK:
        raise TransportError(read.failure)


def _identified(
    where: LineAddress, unit: int, reads: Mapping[str, MeterRead], profiles: Sequence[Profile]
) -> Scanned:
    """Name the profile whose probe fits; none or several are left to a person."""
    fitting = narrowed(
        [profile for profile in profiles if profile.name in reads and _fits(reads[profile.name])]
    )
    profile = fitting[0] if len(fitting) == 1 else None
    remark = ""
    if len(fitting) > 1:
        remark = f"several profiles fit: {', '.join(fitting)}; look at the nameplate{_why(fitting, profiles)}"
    elif not fitting:
        remark = "answers, but no profile fits; `kilowatch profile import` takes other tools' register lists"
    return Scanned(
        address=str(unit),
        protocol=where.protocol,
        version=None,
        profile=profile,
        url=where.meter_url(str(unit), profile=profile or "PROFILE"),
        deviations=(),
        clock_offset_s=None,
        remark=remark or named_by(reads[fitting[0]].facts),
        facts=reads[fitting[0]].facts if profile else {},
    )


def narrowed(fitting: Sequence[Profile]) -> list[str]:
    """Return the names of those that fit, less those whose registers a fitting larger one has too."""
    covered = {name for profile in fitting for name in profile.covers}
    return sorted(profile.name for profile in fitting if profile.name not in covered)


def _why(fitting: Sequence[str], profiles: Sequence[Profile]) -> str:
    """Return why no register tells those that fit apart, as their profiles say."""
    reasons = {
        why: None
        for profile in profiles
        for other, why in profile.lookalikes.items()
        if profile.name in fitting and other in fitting
    }
    return f" ({'; '.join(reasons)})" if reasons else ""


def named_by(facts: Mapping[str, str]) -> str:
    """Return in words who made a meter that says so itself, such as ``ACME M3, serial 17, version 1.2``."""
    name = " ".join(filter(None, [facts.get("vendor"), facts.get("model")]))
    told = [name, *(f"{fact} {facts[fact]}" for fact in ("serial", "version") if fact in facts)]
    return ", ".join(filter(None, told))


def _fits(read: MeterRead) -> bool:
    return read.snapshot is not None and read.cause is None and not read.deviations
