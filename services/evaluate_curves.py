"""The real curves that detectors are measured on: each file as a window with the archive that belongs to it.

What is in the files, where it comes from and under which licence: README.md of the folder, and the table in
``docs/detection.md``. A file that is not there is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, Times
from pipeline.contracts import Contract
from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint, Wiring
from pipeline.timegrid import to_numpy

Floats = NDArray[np.float64]
HOMES = ("ch_households_15min_7w.parquet", "ch_households_15min_7w.csv.gz")
"""The second is what a slice of them is kept in."""
SLOTS_OF_DAY = 96
QUARTER = 15
"""Minutes."""
HOMES_FROM = datetime(2017, 10, 30, tzinfo=ZoneInfo("Europe/Zurich"))
"""Monday of week 44; the source does not tell the year. In 2017 the clocks had changed the day before."""
USUAL_KWH = (0.02, 3.0)
"""Mean energy a slot of what is taken for a home; above stand houses of many families."""
PROFILE_KW, PROFILE_KVAR = 100.0, 40.0
"""What 1 of SimBench's per unit is taken for: a customer of 100 kW, at 0.93 where both are 1. Our choice: its
file gives neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """What one file holds."""

    name: str
    window: MeterMatrix
    registry: Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Homes that only draw: energies of shape (homes, days, slots of a day)."""

    names: Sequence[MeterId]
    kwh: Floats

    def part(self, chosen: NDArray[np.bool_]) -> Homes:
        """Return some of the homes."""
        names = [name for name, is_in in zip(self.names, chosen, strict=True) if is_in]
        return Homes(names=names, kwh=self.kwh[chosen])


def read_homes(folder: Path) -> Homes:
    """Return the Swiss homes that draw like homes and feed nothing back.

    Raises:
        ConfigError: If their file is not in the folder.
    """
    names, kwh = _homes(_existing(folder))
    mean = kwh.mean(axis=1)
    chosen = (kwh >= 0.0).all(axis=1) & (mean > USUAL_KWH[0]) & (mean < USUAL_KWH[1])
    every = Homes(names=names, kwh=kwh.reshape(len(names), -1, SLOTS_OF_DAY))
    return every.part(chosen)


def window_of_homes(homes: Homes) -> Curves:
    """Return homes as a window."""
    kwh = homes.kwh.reshape(len(homes.names), -1)
    return _curves("homes", homes.names, kwh, HOMES_FROM, minutes=15, zone="Europe/Zurich")


def read_curves(folder: Path) -> Iterator[Curves]:
    """Yield what every file of the folder holds.

    Raises:
        ConfigError: If there is none of the files.
    """
    present = {name: read for name, read in _READERS.items() if (folder / name).is_file()}
    if not present:
        raise ConfigError(
            f"no real curves in {folder}: set KILOWATCH_TEST_DATA or give --data with a folder that holds "
            f"some of {', '.join(_READERS)}"
        )
    for name, read in present.items():
        yield read(folder / name)


def _existing(folder: Path) -> Path:
    for name in HOMES:
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(
        f"{HOMES[0]} is not in {folder}: set KILOWATCH_TEST_DATA, or give --data with the folder of it"
    )


def _homes(path: Path) -> tuple[list[MeterId], Floats]:
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    weeks = sorted(name for name in table.columns if name != "VID")
    # Kept as single precision: the digits behind are its rounding.
    kwh = np.array(np.round(table[weeks].to_numpy(dtype=np.float64), 3), dtype=np.float64)
    return [MeterId(f"CH-{number}") for number in table["VID"]], kwh


def _swiss(path: Path) -> Curves:
    names, kwh = _homes(path)
    return _with_export(_curves("Swiss homes", names, kwh, HOMES_FROM, minutes=15, zone="Europe/Zurich"), kwh)


def _london(path: Path) -> Curves:
    """Return the London homes; their times bear no zone and are taken for UTC."""
    table = pd.read_parquet(path)
    rows = table.pivot_table(index="LCLid", columns="tstp", values="energy_kWh")
    begin = datetime.fromisoformat(str(rows.columns[0])).replace(tzinfo=UTC)
    names = [MeterId(f"LCL-{name}") for name in rows.index]
    kwh = rows.to_numpy(dtype=np.float64)
    return _curves("London homes", names, kwh, begin, minutes=30, zone="Europe/London", resolution=0.001)


def _grid_point(path: Path) -> Curves:
    """Return a Dutch grid point: MW, means of a quarter of an hour."""
    table = pd.read_parquet(path, columns=["index", "load"])
    begin = datetime.fromisoformat(str(table["index"].iloc[0]))
    kwh = table["load"].to_numpy(dtype=np.float64)[None, :] * 250.0
    found = _curves(
        "Dutch grid point",
        [MeterId("NL-287")],
        kwh,
        begin,
        minutes=15,
        zone="Europe/Amsterdam",
        resolution=1.0,
    )
    return _with_export(found, kwh)


def _steel(path: Path) -> Curves:
    """Return the steel plant. Its 00:00 row closes a day and bears that day's date; a row is a slot's end."""
    table = pd.read_csv(path)
    first = datetime.strptime(table["date"].iloc[0].split()[0], "%d/%m/%Y").replace(
        tzinfo=ZoneInfo("Asia/Seoul")
    )
    lagging, leading = (
        table[name].to_numpy(dtype=np.float64)[None, :]
        for name in ("Lagging_Current_Reactive.Power_kVarh", "Leading_Current_Reactive_Power_kVarh")
    )
    kwh = table["Usage_kWh"].to_numpy(dtype=np.float64)[None, :]
    found = _curves("steel plant", [MeterId("STEEL")], kwh, first, minutes=15, zone="Asia/Seoul")
    return _with_reactive(found, lagging, leading)


def _profiles(path: Path) -> Curves:
    """Return SimBench's types of load, each as a customer of ``PROFILE_KW``; its times are civil ones."""
    table = pd.read_parquet(path)
    names = sorted(column.removesuffix("_pload") for column in table.columns if column.endswith("_pload"))
    kw, kvar = (
        table[[f"{name}_{which}" for name in names]].to_numpy(dtype=np.float64).T * one
        for which, one in (("pload", PROFILE_KW), ("qload", PROFILE_KVAR))
    )
    first = datetime.strptime(table["time"].iloc[0], "%d.%m.%Y %H:%M").replace(
        tzinfo=ZoneInfo("Europe/Berlin")
    )
    meters = [MeterId(f"SB-{name}") for name in names]
    hours = QUARTER / 60.0
    found = _curves(
        "SimBench profiles", meters, np.round(kw * hours, 2), first, minutes=QUARTER, zone="Europe/Berlin"
    )
    kvarh = np.round(kvar * hours, 2)
    return _with_reactive(found, np.maximum(kvarh, 0.0), np.maximum(-kvarh, 0.0))


def _french_home(path: Path) -> Curves:
    """Return the French home: one reading a minute; energies of the slots that have all of theirs."""
    table = pd.read_csv(path, na_values="?")
    times = pd.to_datetime(table["Datetime"], format="%d/%m/%Y %H:%M:%S")
    table = table.set_index(times).sort_index()
    names = {
        "Voltage": Quantity.VOLTAGE_A,
        "Global_intensity": Quantity.CURRENT_A,
        "Global_active_power": Quantity.ACTIVE_POWER,
        "Global_reactive_power": Quantity.REACTIVE_POWER,
    }
    minutes = table[list(names)].resample("1min").mean()
    whole = minutes.loc[minutes.index[0].ceil("D") :]
    each = whole.resample("15min")
    kwh = (each["Global_active_power"].sum() / 60.0).where(each["Global_active_power"].count() == QUARTER)
    begin = whole.index[0].to_pydatetime().replace(tzinfo=ZoneInfo("Europe/Paris"))
    found = _curves(
        "French home",
        [MeterId("FR-1")],
        kwh.to_numpy(dtype=np.float64)[None, :],
        begin,
        minutes=15,
        zone="Europe/Paris",
        resolution=0.001,
        nominal_v=230.0,
    )
    at_starts = each.first()
    values = {
        quantity: at_starts[name].to_numpy(dtype=np.float32)[None, :] for name, quantity in names.items()
    }
    values |= {
        Quantity.ACTIVE_POWER_A: values[Quantity.ACTIVE_POWER],
        Quantity.REACTIVE_POWER_A: values[Quantity.REACTIVE_POWER],
    }
    power_kw = values[Quantity.ACTIVE_POWER].astype(np.float64)
    return replace(found, window=replace(found.window, values=values, power_kw=power_kw))


_READERS: Mapping[str, Callable[[Path], Curves]] = MappingProxyType(
    {
        **dict.fromkeys(HOMES, _swiss),
        "lcl_3households_30min.parquet": _london,
        "steel_15min_pq.csv.gz": _steel,
        "liander_pid287_15min_load_weather.parquet": _grid_point,
        "simbench_27profiles_15min_pq_2016.parquet": _profiles,
        "uci_household_1min_vipq_13d.csv.gz": _french_home,
    }
)


def _with_export(curves: Curves, net_kwh: Floats) -> Curves:
    """Return curves of a source that writes down what was fed back; others have no such column."""
    export = np.where(net_kwh < 0.0, -net_kwh, np.where(np.isnan(net_kwh), np.nan, 0.0))
    energies = {**curves.window.energies, "export_kwh": export}
    return replace(curves, window=replace(curves.window, energies=energies))


def _with_reactive(curves: Curves, lagging: Floats, leading: Floats) -> Curves:
    """Return curves with their reactive energy, kvarh a slot."""
    reactive = {"import_kvarh": lagging, "export_kvarh": leading, "q1_kvarh": lagging, "q4_kvarh": leading}
    energies = {**curves.window.energies, **reactive}
    return replace(curves, window=replace(curves.window, import_kvarh=lagging, energies=energies))


def _curves(  # noqa: PLR0913 - a window and an archive are all of this
    name: str,
    meters: Sequence[MeterId],
    kwh: Floats,
    begin: datetime,
    *,
    minutes: int,
    zone: str,
    resolution: float = 0.01,
    nominal_v: float = 230.0,
) -> Curves:
    """Return energies as a window; negative ones are what was fed back, by a generator that is on record."""
    feeds = np.nanmin(kwh, axis=1) < 0.0
    imported = np.where(kwh < 0.0, 0.0, kwh)
    return Curves(
        name=name,
        window=MeterMatrix(
            meters=list(meters),
            starts_at=_grid(begin, kwh.shape[1], minutes),
            minutes=minutes,
            values={},
            import_kwh=imported,
            quality=np.where(np.isnan(kwh), "N", "A"),
            step_kwh=np.full(len(meters), resolution),
            power_kw=np.full(kwh.shape, np.nan),
        ),
        registry=Registry(
            meters=[
                Meter(id=m, wiring=Wiring.ONE_PHASE, nominal_voltage_v=nominal_v, resolution=resolution)
                for m in meters
            ],
            installations=[Installation(meter=m, service_point=f"P-{m}") for m in meters],
            areas=[Area(id=name, zone=ZoneInfo(zone))],
            service_points=[ServicePoint(id=f"P-{m}", area=name) for m in meters],
            contracts=[
                Contract(service_point=f"P-{m}", generation=bool(f))
                for m, f in zip(meters, feeds, strict=True)
            ],
        ),
    )


def _grid(begin: datetime, slots: int, minutes: int) -> Times:
    grid: Times = to_numpy(begin.astimezone(UTC)) + np.arange(slots) * np.timedelta64(
        minutes * 60_000_000, "us"
    )
    return grid
