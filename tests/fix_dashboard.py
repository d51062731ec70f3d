"""A small city for the tests of the dashboard: 30 days of plausible readings, with a few things wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, routing
from fastapi.params import Depends
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from dashboard.cookies import SESSION
from dashboard.forgery import HEADER, form_secret
from dashboard.server import DashboardServer
from detectors.engine import run
from pipeline.block import MeterMatrix, ReadingBlock
from pipeline.contracts import BasicCharge, Contract, Suspension
from pipeline.coverage import Cause, CoverageStatus
from pipeline.errors import StorageError
from pipeline.model import Episode, MeterId, Origin
from pipeline.quantities import Group, Quantity
from pipeline.registry import (
    Area,
    Bus,
    Installation,
    Meter,
    MqttSource,
    Ratio,
    Registry,
    Schedule,
    ServicePoint,
    Wiring,
)
from pipeline.timegrid import from_numpy, slot_grid, to_numpy
from storage.database import Connection, connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.tester import TESTERS_TOKEN, let_in

NOW = datetime(2026, 11, 20, 6, 24, 10, tzinfo=UTC)
"""14:24:10 in Shanghai: the clock of every test of the dashboard."""
DAYS = 30
MINUTES = 15
PLANT = MeterId("M-1001")
"""The meter of a plant whose capacity is suspended, and which works at night all the same."""
SILENT = MeterId("M-1007")
LOW_VOLTAGE = MeterId("M-2003")
PER_DAY = 24 * 60 // MINUTES

_P = "dlt645_2007_three_phase"
_STREETS = ("东风路", "人民路", "解放路", "建设街", "新华街", "和平里", "长江路", "黄河路")


def city() -> Registry:
    """Return the archive: 30 meters on two RS-485 buses, one Modbus gateway and a broker."""
    meters, installations, points, contracts = [], [], [], []
    for n in range(30):
        bus = ("rs485-01", "rs485-02", "modbus-01", None)[n // 8]
        number = f"M-{1 + n // 8}{n % 8 + 1:03d}"
        single = n % 8 in (3, 5)
        meters.append(
            Meter(
                id=MeterId(number),
                wiring=Wiring.ONE_PHASE if single else Wiring.THREE_PHASE_FOUR_WIRE,
                max_current_a=60.0 if single else 6.0,
                rated_current_a=5.0 if single else 1.5,
            )
        )
        street = _STREETS[n % len(_STREETS)]
        points.append(
            ServicePoint(
                id=f"SP-{n + 1:03d}",
                name=f"{street} {n + 11} 号",
                customer="华光铸造有限公司" if number == PLANT else "",
                area="TA-01" if n < 16 else "TA-02",
            )
        )
        installations.append(
            Installation(
                meter=MeterId(number),
                service_point=f"SP-{n + 1:03d}",
                bus=bus,
                address=f"{202611200000 + n:012d}" if n < 16 else (str(n) if bus else None),
                profile=_P if n < 16 else ("eastron_sdm630" if bus else None),
            )
        )
    contracts.append(
        Contract(
            service_point="SP-001",
            capacity_kva=630.0,
            basic_charge=BasicCharge.CAPACITY,
            tariff="大工业 10kV",
        )
    )
    return Registry(
        meters=meters,
        installations=installations,
        ratios=[Ratio(meter=PLANT, ct=80.0)],
        service_points=points,
        areas=[Area(id="TA-01", name="东风一台区"), Area(id="TA-02", name="新华二台区")],
        contracts=contracts,
        suspensions=[
            Suspension(
                id="ZT-2026-0117",
                service_point="SP-001",
                starts_at=NOW - timedelta(days=16, hours=14, minutes=24, seconds=10),
                ends_at=NOW + timedelta(days=14),
                setpoint_w=10_000.0,
            )
        ],
        buses=[
            Bus(id="rs485-01", url="tcp://127.0.0.1:4001"),
            Bus(id="rs485-02", url="tcp://127.0.0.1:4002"),
            Bus(id="modbus-01", url="tcp://127.0.0.1:5020"),
        ],
        schedules=[Schedule(group="electrical", every_s=900), Schedule(group="register", every_s=900)],
        mqtt_sources=[MqttSource(id="broker", topic="meters/#", every_s=900)],
    )


def seed(connection: Connection) -> None:
    """Fill a migrated database."""
    registry = city()
    save_registry(connection, registry)
    random = np.random.default_rng(20261120)
    first = to_numpy(NOW - timedelta(days=DAYS))
    starts_at = slot_grid(from_numpy(first), NOW - timedelta(minutes=MINUTES), MINUTES)
    kwh = {m.id: _energy(m.id, starts_at, random) for m in registry.meters}
    volts = {m.id: _voltage(m.id, starts_at, random) for m in registry.meters}
    quality = {m.id: np.where(random.random(len(starts_at)) < 0.004, "E", "A") for m in registry.meters}
    _gap(kwh, quality)
    _save_intervals(connection, starts_at, kwh, quality)
    _save_readings(connection, registry, starts_at, kwh, volts)
    _save_coverage(connection, registry, starts_at, random)
    for episode in _episodes(registry, starts_at, kwh, volts, quality):
        save_episode(connection, episode)


def _gap(kwh: dict[MeterId, NDArray[np.float64]], quality: dict[MeterId, NDArray[np.str_]]) -> None:
    """The plant's line was down for half a day: backfilled in part, estimated in part, missing in part."""
    gap = slice(-6 * PER_DAY, -6 * PER_DAY + 30)
    quality[PLANT][gap] = "E"
    kwh[PLANT][-9 * PER_DAY : -9 * PER_DAY + 14] = np.nan
    quality[PLANT][-9 * PER_DAY : -9 * PER_DAY + 14] = "N"


def _energy(
    meter: MeterId, starts_at: NDArray[np.datetime64], random: np.random.Generator
) -> NDArray[np.float64]:
    hour = (starts_at.astype("datetime64[m]").astype(np.int64) / 60 + 8) % 24
    if meter == PLANT:
        power_kw = 210 + 130 * np.exp(-(((hour - 10) / 2.5) ** 2)) + 150 * np.exp(-(((hour - 15.5) / 3) ** 2))
        power_kw *= random.normal(1, 0.05, len(hour))
        day = (
            starts_at - to_numpy(NOW - timedelta(days=16, hours=14, minutes=24, seconds=10))
        ) / np.timedelta64(1, "D")
        idle = 4.5 + random.normal(0, 0.4, len(hour))
        night = np.isin(np.floor(day), (4, 5, 9, 13)) & ((hour >= 22) | (hour < 5))
        night |= day > 16.4
        secret = 86 + random.normal(0, 6, len(hour))
        power_kw = np.where(day >= 0, np.where(night, secret, idle), power_kw)
    else:
        size = 0.4 + 2.2 * random.random()
        evening = np.exp(-(((hour - 19.5) / 2.2) ** 2)) + 0.5 * np.exp(-(((hour - 7.5) / 1.4) ** 2))
        power_kw = size * (0.25 + 1.6 * evening) * random.lognormal(0, 0.35, len(hour))
    return np.asarray(np.round(power_kw * MINUTES / 60, 2))


def _voltage(
    meter: MeterId, starts_at: NDArray[np.datetime64], random: np.random.Generator
) -> NDArray[np.float32]:
    hour = (starts_at.astype("datetime64[m]").astype(np.int64) / 60 + 8) % 24
    sag = 5 * np.exp(-(((hour - 19.5) / 2.5) ** 2))
    volts = np.stack([228 + shift - sag + random.normal(0, 0.9, len(hour)) for shift in (0.0, -1.8, 1.1)])
    if meter == LOW_VOLTAGE:
        volts[1] -= np.where((hour > 17.5) & (hour < 22), 18.0, 2.0)
    return np.round(volts, 1).astype(np.float32)


def _save_intervals(
    connection: Connection,
    starts_at: NDArray[np.datetime64],
    kwh: dict[MeterId, NDArray[np.float64]],
    quality: dict[MeterId, NDArray[np.str_]],
) -> None:
    n = len(starts_at)
    save_intervals(
        connection,
        IntervalColumns(
            meters=[meter for meter in kwh for _ in range(n)],
            starts_at=np.tile(starts_at, len(kwh)),
            minutes=np.full(n * len(kwh), MINUTES, dtype=np.int16),
            quality=np.concatenate(list(quality.values())),
            energies={"import_kwh": np.concatenate(list(kwh.values()))},
        ),
        computed_at=NOW,
    )


def _save_readings(
    connection: Connection,
    registry: Registry,
    starts_at: NDArray[np.datetime64],
    kwh: dict[MeterId, NDArray[np.float64]],
    volts: dict[MeterId, NDArray[np.float32]],
) -> None:
    writer = ReadingWriter(connection)
    for meter in registry.meters:
        read = starts_at[: -20 if meter.id == SILENT else None]
        ratio = registry.ratio_of(meter.id, NOW).ct
        register = 12_345.67 + np.nancumsum(kwh[meter.id]) / ratio
        phases = (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)
        currents = (Quantity.CURRENT_A, Quantity.CURRENT_B, Quantity.CURRENT_C)
        wired = 1 if meter.wiring is Wiring.ONE_PHASE else 3
        n = len(read)
        power_kw = np.nan_to_num(kwh[meter.id][:n]) * 60 / MINUTES / ratio
        scalars = {
            Quantity.ACTIVE_ENERGY_IMPORT: np.round(register[:n], 2),
            Quantity.ACTIVE_POWER: np.round(power_kw, 4),
            Quantity.POWER_FACTOR: np.full(n, 0.953),
            Quantity.FREQUENCY: np.full(n, 50.01),
        }
        for phase in range(wired):
            volts_of_phase = volts[meter.id][phase][:n].astype(np.float64)
            scalars[phases[phase]] = volts_of_phase
            scalars[currents[phase]] = np.round(power_kw * 1000 / wired / volts_of_phase / 0.953, 3)
        taken_at = read + np.timedelta64(4, "s")
        writer.write_block(
            ReadingBlock(
                meters=[meter.id] * n,
                taken_at=taken_at,
                received_at=taken_at,
                slot_at=read,
                meter_time=np.full(n, np.datetime64("NaT", "us")),
                origins=[Origin.PRESENT] * n,
                quality=np.zeros(n, dtype=np.int32),
                flags=[{}] * n,
                scalars=scalars,
            )
        )


def _save_coverage(
    connection: Connection, registry: Registry, starts_at: NDArray[np.datetime64], random: np.random.Generator
) -> None:
    numbers: dict[str, int] = dict(connection.execute("SELECT id, meter_id FROM meter").fetchall())
    rows = []
    for meter in registry.meters:
        for n, slot in enumerate(starts_at[-10 * PER_DAY :]):
            left = 10 * PER_DAY - n
            for group in (Group.ELECTRICAL, Group.REGISTER):
                status, cause = CoverageStatus.GOT, None
                if meter.id == SILENT and left <= 20:
                    status, cause = CoverageStatus.MISSING, Cause.NO_ANSWER
                elif random.random() < 0.01:
                    status = CoverageStatus.LATE if random.random() < 0.4 else CoverageStatus.BACKFILLED
                elif random.random() < 0.0015:
                    status, cause = CoverageStatus.MISSING, Cause.CHECKSUM
                attempts = 1 if status is CoverageStatus.GOT else 3
                rows.append((numbers[meter.id], from_numpy(slot), group.value, status.value, cause, attempts))
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY coverage (meter_id, slot_at, quantity_group, status, cause, attempts) FROM STDIN"
        ) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _episodes(
    registry: Registry,
    starts_at: NDArray[np.datetime64],
    kwh: dict[MeterId, NDArray[np.float64]],
    volts: dict[MeterId, NDArray[np.float32]],
    quality: dict[MeterId, NDArray[np.str_]],
) -> list[Episode]:
    """Run the real detectors, so that pages are tested with the evidence that detectors write."""
    phases = (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)
    meters = list(kwh)
    window = MeterMatrix(
        meters=meters,
        starts_at=starts_at,
        minutes=MINUTES,
        values={q: np.stack([volts[m][n] for m in meters]) for n, q in enumerate(phases)},
        import_kwh=np.stack([kwh[m] for m in meters]),
        quality=np.stack([quality[m] for m in meters]),
        step_kwh=np.array([0.01 * registry.ratio_of(m, NOW).ct for m in meters]),
        power_kw=np.stack([kwh[m] * 60 / MINUTES for m in meters]),
    )
    return run(window, registry)


def save_episode(connection: Connection, episode: Episode) -> None:
    """Store an episode."""
    connection.execute(
        """
        INSERT INTO episode (id, detector, version, meter, service_point, starts_at, ends_at, detected_at,
                             verdict, severity, score, energy_kwh, message, parameters, evidence)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            episode.id, episode.detector, episode.version, episode.meter, episode.service_point,
            episode.starts_at, episode.ends_at, episode.detected_at, episode.verdict, int(episode.severity),
            episode.score, episode.energy_kwh, episode.message, Jsonb(dict(episode.parameters)),
            Jsonb(dict(episode.evidence)),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _endpoints_taken_apart_once() -> Iterator[None]:
    """Let FastAPI look once what each endpoint asks for: the applications of all tests have the same ones."""
    named = "_build_dependant_with_parameterless_dependencies"
    found = cache(getattr(routing, named))

    def build(*, dependencies: Sequence[Depends], **endpoint: object) -> object:
        return found(dependencies=tuple(dependencies), **endpoint)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, named, build)
        yield


@pytest.fixture(scope="session")
def _city_template(plain_server_url: str, _plain_template: str) -> Iterator[str]:
    """A database filled once for all tests, which get copies of it."""
    from tests.fix_database import _database  # noqa: PLC0415 -- the plug-in beside this one

    with _database(plain_server_url, _plain_template) as url:
        with connect(url) as connection:
            seed(connection)
            # Of the copies autovacuum would tell the planner too late.
            connection.execute("ANALYZE")
        yield url


@pytest.fixture(scope="module")
def city_url(plain_server_url: str, _city_template: str) -> Iterator[str]:
    """The database of the city for a module's tests."""
    from tests.fix_database import _database  # noqa: PLC0415 -- the plug-in beside this one

    with _database(plain_server_url, _city_template) as url:
        yield url


@pytest.fixture(scope="module")
def bills_url(plain_server_url: str, _plain_template: str) -> Iterator[str]:
    """An empty migrated database for a module's tests, which fill it once."""
    from tests.fix_database import _database  # noqa: PLC0415 -- the plug-in beside this one

    with _database(plain_server_url, _plain_template) as url:
        yield url


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of the loopback address; gives its address."""
    with suppress(StorageError):  # where its database is away, nobody is let in
        let_in(app)
    server = DashboardServer(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@contextmanager
def browsing(app: FastAPI, token: str | None = TESTERS_TOKEN) -> Iterator[httpx.Client]:
    """Serve an application and ask it over HTTP, as the tester unless another one is let in, or nobody."""
    cookies = {} if token is None else {SESSION: token}
    headers = {} if token is None else {HEADER: form_secret(token)}
    with (
        serving(app) as address,
        httpx.Client(base_url=address, timeout=30, cookies=cookies, headers=headers) as client,
    ):
        yield client
