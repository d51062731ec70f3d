"""Takes the register lists of other tools over into profiles, and checks profiles before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.modbus.importers.foreign import ForeignMap
from protocols.modbus.importers.mbmap import parse_mbmap
from protocols.modbus.importers.profile_text import Written, profile_text
from protocols.modbus.importers.telegraf import parse_telegraf
from protocols.profile import Profile, Side, parse_profile
from protocols.session import drivers
from services.settings import load_settings
from services.wiring import load_profiles, utc_now


class Format(StrEnum):
    """What can be imported."""

    TELEGRAF = "telegraf"
    MBMAP = "mbmap"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWishes:
    """What a person says beside the file."""

    device: str = ""
    """Telegraf: the ``name`` of the block."""
    unit: int | None = None
    """Telegraf: the ``slave_id``."""
    side: Side = Side.PRIMARY
    power_unit: str = ""
    """``W`` or ``kW``, for lists without units."""
    energy_unit: str = ""
    """``Wh`` or ``kWh``, likewise."""


def import_profile(file: Path, form: Format, wishes: ImportWishes) -> Written:
    """Return the profile of a register list.

    Raises:
        ConfigError: If the file cannot be read or understood; says where.
    """
    foreign = _foreign(file, form, wishes)
    today = utc_now().date().isoformat()
    written = profile_text(foreign, wishes.side, today=today, assumed=_assumed(wishes))
    check_text(written.text, file.stem)
    return written


def save_profile(written: Written, output: Path) -> None:
    """Write a new profile file.

    Raises:
        ConfigError: If the file is there already, or cannot be written.
    """
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(written.text)
    except FileExistsError as error:
        raise ConfigError(f"{output} is there already; move it away or name another file") from error
    except OSError as error:
        raise ConfigError(f"{output}: {error.strerror}; name a file in a folder you may write to") from error


def check_text(text: str, name: str) -> Profile:
    """Return the profile in ``text`` after making its driver for every wiring.

    Raises:
        ConfigError: If anything in it is wrong; says where.
    """
    profile = parse_profile(text, name)
    for wiring in Wiring:
        drivers.get(profile.protocol)(profile, wiring, DEFAULT_ZONE)
    return profile


def check_file(file: Path) -> Profile:
    """Return the profile in a file.

    Raises:
        ConfigError: If the file cannot be read or anything in it is wrong; says where.
    """
    return check_text(_read(file), file.stem)


def known_profiles() -> Mapping[str, Profile]:
    """Return every profile there is, by name.

    Raises:
        ConfigError: If one of them is wrong.
    """
    return load_profiles(load_settings().profile_dir)


def known_profile(name: str) -> Profile:
    """Return the profile called ``name``.

    Raises:
        ConfigError: If there is none; names those there are.
    """
    profiles = known_profiles()
    if name not in profiles:
        raise ConfigError(f"no profile is called {name!r}; there are: {', '.join(profiles)}")
    return profiles[name]


def _foreign(file: Path, form: Format, wishes: ImportWishes) -> ForeignMap:
    text = _read(file)
    if form is Format.MBMAP:
        return parse_mbmap(text, file.name)
    return parse_telegraf(text, file.name, device=wishes.device, unit=wishes.unit)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}; name a readable text file in UTF-8") from error


def _assumed(wishes: ImportWishes) -> Mapping[str, str]:
    """Return the unit meant in place of each of ours: W for power means var and VA too."""
    assumed: dict[str, str] = {}
    if wishes.power_unit:
        kilo = "k" if wishes.power_unit == "kW" else ""
        assumed |= {"kW": f"{kilo}W", "kvar": f"{kilo}var", "kVA": f"{kilo}VA"}
    if wishes.energy_unit:
        kilo = "k" if wishes.energy_unit == "kWh" else ""
        assumed |= {"kWh": f"{kilo}Wh", "kvarh": f"{kilo}varh", "kVAh": f"{kilo}VAh"}
    return assumed
