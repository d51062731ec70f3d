"""Finals of the database keep to the registers, and do not change as the days go on."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from pipeline.model import EVERYTHING, MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint
from services.derive import derive_recent
from services.settings import Settings
from services.vee_recent import RecentVee, vee_recent
from storage.database import connect
from storage.finals import settled_series
from storage.intervals import IntervalColumns
from storage.registry import save_registry
from storage.writer import ReadingWriter

SHANGHAI = ZoneInfo("Asia/Shanghai")
M = MeterId("M")
CT = 60
REGISTRY = Registry(
    meters=[Meter(id=M, digits=6, resolution=0.01)],
    installations=[Installation(meter=M, service_point="P")],
    ratios=[Ratio(meter=M, ct=CT, pt=1)],
    service_points=[ServicePoint(id="P", area="A")],
    areas=[Area(id="A")],
)
FIRST = datetime(2026, 2, 17, tzinfo=SHANGHAI)
DAYS = 90
SLOT = timedelta(minutes=15)


def _at(slot: int) -> datetime:
    return FIRST + slot * SLOT


def _slot(day: str) -> int:
    return (datetime.fromisoformat(day).replace(tzinfo=SHANGHAI) - FIRST) // SLOT


def _store(url: str, register: NDArray[np.float64], read: NDArray[np.bool_]) -> None:
    with connect(url) as connection:
        save_registry(connection, REGISTRY)
        ReadingWriter(connection).write(
            [
                Snapshot(
                    meter=M,
                    taken_at=_at(slot),
                    received_at=_at(slot),
                    values={Quantity.ACTIVE_ENERGY_IMPORT: float(register[slot])},
                    origin=Origin.LOAD_RECORD,
                )
                for slot in np.flatnonzero(read).tolist()
            ]
        )


def _run(url: str, day: str) -> RecentVee:
    settings, now = Settings(database_url=SecretStr(url)), datetime.fromisoformat(day)
    now = now.replace(tzinfo=SHANGHAI)
    derive_recent(40, settings, now)
    return vee_recent(40, settings, now)


def _finals(url: str, first: int, end: int) -> IntervalColumns:
    with connect(url) as connection:
        return settled_series(
            connection, scope=EVERYTHING, starts_at=_at(first), ends_at=_at(end), minutes=15
        )


def _use() -> NDArray[np.float64]:
    """Return a plant's days on the meter's side: each a little more than the one before."""
    slots = np.arange(DAYS * 96)
    use = np.where((slots % 96 >= 32) & (slots % 96 < 80), 0.40, 0.10)
    return np.round(use * (1 + slots / len(slots)), 2)


def _register(use: NDArray[np.float64]) -> NDArray[np.float64]:
    register = np.zeros(len(use) + 1)
    register[1:] = np.cumsum(use)
    return np.round(1000 + register, 2)


def test_a_gap_over_a_months_end_keeps_to_the_midnight_register_and_never_changes(
    any_database_url: str,
) -> None:
    url, midnight = any_database_url, _slot("2026-04-01")
    use = _use()
    use[midnight - 48 : midnight], use[midnight : midnight + 48] = 0.02, 0.70
    register = _register(use)
    read = np.ones(len(register), dtype=np.bool_)
    read[midnight - 47 : midnight + 48] = False
    read[midnight] = True
    _store(url, register, read)
    grown = (register[[midnight, midnight + 96]] - register[[midnight - 96, midnight]]) * CT
    kept = []
    for day in ("2026-04-02", "2026-04-09", "2026-05-10", "2026-05-11", "2026-05-12"):
        result = _run(url, f"{day}T06:42")
        finals = _finals(url, midnight - 96, midnight + 96).energies["import_kwh"]
        assert [finals[:96].sum(), finals[96:].sum()] == pytest.approx(grown.tolist())
        kept.append(finals)
    # While the meter was asked the like days after the gap still came in; from then on nothing changes.
    assert (result.changed, result.bills) == (0, [])
    assert len({finals.tobytes() for finals in kept[1:]}) == 1


def test_what_is_final_for_good_stays_until_its_raw_interval_changes(any_database_url: str) -> None:
    url, first, end = any_database_url, _slot("2026-03-20T12:00"), _slot("2026-03-22T12:00")
    use = _use()
    register = _register(use)
    # The register is set back within the gap: its energy is unknown.
    register[end:] -= register[end] - 3
    read = np.ones(len(register), dtype=np.bool_)
    read[first + 1 : end] = False
    read &= np.arange(len(read)) <= _slot("2026-05-10")
    _store(url, register, read)
    _run(url, "2026-03-24T06:42")
    assert set(_finals(url, first, end).quality.tolist()) == {"S"}
    _run(url, "2026-03-30T06:42")
    final = _finals(url, first, end)
    assert set(final.quality.tolist()) == {"F"}
    for day in ("2026-04-05", "2026-04-27", "2026-04-29", "2026-05-01"):
        result = _run(url, f"{day}T06:42")
        assert (result.changed, result.bills) == (0, [])
    again = _finals(url, first, end)
    np.testing.assert_array_equal(again.energies["import_kwh"], final.energies["import_kwh"])


def test_a_late_actual_takes_the_place_of_what_was_final_for_good(any_database_url: str) -> None:
    url, first, end = any_database_url, _slot("2026-03-20T12:00"), _slot("2026-03-22T12:00")
    register = _register(_use())
    low = register.copy()
    low[end:] -= register[end] - 3
    read = np.ones(len(register), dtype=np.bool_)
    read[first + 1 : end] = False
    read &= np.arange(len(read)) <= _slot("2026-04-10")
    _store(url, low, read)
    _run(url, "2026-03-30T06:42")
    before = _finals(url, first, end).energies["import_kwh"]
    late = np.zeros(len(register), dtype=np.bool_)
    late[first + 1 : first + 9] = True
    _store(url, register, late)
    told = _run(url, "2026-04-02T06:42")
    after = _finals(url, first, end)
    assert after.quality.tolist() == ["A"] * 8 + ["F"] * 184
    measured = np.diff(register[first : first + 9]) * CT
    assert after.energies["import_kwh"][:8] == pytest.approx(measured)
    np.testing.assert_array_equal(after.energies["import_kwh"][8:], before[8:])
    assert [(bill.service_point, bill.month) for bill in told.bills] == [("P", "2026-03")]
