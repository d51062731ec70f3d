"""A clock set by one person: by at most five minutes, once a day, away from midnight and settlement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any  # Any: each setting has its own type

import pytest

from pipeline.errors import NoAnswerError, NotAllowedError
from services import control as control_module
from services import control_clock as module
from services import ordered_line as line_module
from services.audit import Audit
from services.control import OrderDesk
from services.control_clock import set_clock
from services.control_settings import ControlSettings
from services.order_sending import Result
from services.persons import Person
from services.read_back import Confirmed
from tests.threads import line_of
from tests.unit.services.obedient_meter import ZONE, ObedientMeter

ADDRESS = "000000000101"
NOON = datetime(2026, 3, 2, 12, tzinfo=ZONE)


@dataclass
class Bench:
    control: OrderDesk
    meter: ObedientMeter
    url: str
    shift: timedelta
    """From the machine's clock to the bench's."""

    def now(self) -> datetime:
        return datetime.now(ZONE) + self.shift

    def at(self, local: datetime) -> None:
        self.shift = local - datetime.now(ZONE)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    made = Bench(allowed(tmp_path), ObedientMeter(ADDRESS), "", timedelta())
    made.meter = ObedientMeter(ADDRESS, now=made.now)
    made.at(NOON)
    with line_of([made.meter]) as peer:
        made.url = f"dlt645+tcp://{peer}/{ADDRESS}?timeout_s=0.3"
        monkeypatch.setattr(module, "utc_now", made.now)
        monkeypatch.setattr(control_module, "utc_now", made.now)
        monkeypatch.setattr(line_module, "utc_now", made.now)
        yield made


def allowed(folder: Path, **changed: Any) -> OrderDesk:  # Any: each setting has its own type
    given: dict[str, Any] = {"allow_clock": True, "audit_file": folder / "audit.jsonl"}
    return OrderDesk(settings=ControlSettings(**{**given, **changed}), person=Person(account="li"))


@pytest.mark.parametrize("offset_s", [-280, -30, 45, 290])
def test_without_a_password_the_time_is_sent_to_the_meter_and_read_back(bench: Bench, offset_s: int) -> None:
    bench.meter.offset = timedelta(seconds=offset_s)
    done = set_clock(bench.control, bench.url)
    assert done.offset_s == pytest.approx(offset_s, abs=1.5)
    assert done.report is not None
    assert (done.report.sent.result, done.report.sent.verdict.confirmed) == (Result.SENT, Confirmed.YES)
    assert abs(bench.meter.offset) < timedelta(seconds=2)
    assert [(f.address, f.control) for f in bench.meter.heard if f.control == 0x08] == [(ADDRESS, 0x08)]


def test_with_a_password_the_time_is_written(bench: Bench, tmp_path: Path) -> None:
    bench.meter.offset = timedelta(seconds=60)
    control = allowed(tmp_path, meter_passwords="04:123456", meter_operator="00000001")
    done = set_clock(control, bench.url)
    assert done.report is not None
    assert (done.report.sent.result, done.report.sent.verdict.confirmed) == (Result.DONE, Confirmed.YES)
    assert abs(bench.meter.offset) < timedelta(seconds=2)


def test_a_line_may_be_told_the_time_all_together(bench: Bench) -> None:
    bench.meter.offset = timedelta(seconds=60)
    set_clock(bench.control, bench.url, to_all=True)
    assert [f.address for f in bench.meter.heard if f.control == 0x08] == ["999999999999"]


def test_a_meter_that_does_not_take_the_time_is_told(bench: Bench) -> None:
    bench.meter.offset = timedelta(seconds=60)
    bench.meter.takes_time = False
    done = set_clock(bench.control, bench.url)
    assert done.report is not None
    assert done.report.sent.verdict.confirmed is Confirmed.NO
    assert "off by +60" in done.report.sent.verdict.words


def test_a_right_clock_is_left_alone(bench: Bench) -> None:
    assert set_clock(bench.control, bench.url).report is None
    assert all(frame.control == 0x11 for frame in bench.meter.heard)


@pytest.mark.parametrize("offset_s", [-3600, 310])
def test_more_than_five_minutes_take_two_persons(bench: Bench, offset_s: int) -> None:
    bench.meter.offset = timedelta(seconds=offset_s)
    with pytest.raises(NotAllowedError, match=r"more than 300 s.*two persons.*--large"):
        set_clock(bench.control, bench.url)
    assert all(frame.control == 0x11 for frame in bench.meter.heard)


def test_a_clock_is_set_once_a_day(bench: Bench) -> None:
    bench.meter.offset = timedelta(seconds=60)
    set_clock(bench.control, bench.url)
    bench.meter.offset = timedelta(seconds=60)
    with pytest.raises(NotAllowedError, match="was set today at 12:00"):
        set_clock(bench.control, bench.url)
    bench.at(NOON + timedelta(days=1))
    assert set_clock(bench.control, bench.url).report is not None


@pytest.mark.parametrize(
    ("local", "offset_s"),
    [
        (NOON.replace(hour=0, minute=3), 60),
        (NOON.replace(hour=23, minute=57), 60),
        (NOON.replace(hour=23, minute=52), 200),
        (NOON.replace(hour=0, minute=8), -240),
    ],
)
def test_nothing_is_set_around_midnight_of_either_clock(bench: Bench, local: datetime, offset_s: int) -> None:
    bench.at(local)
    bench.meter.offset = timedelta(seconds=offset_s)
    with pytest.raises(NotAllowedError, match="within five minutes of midnight"):
        set_clock(bench.control, bench.url)


def test_nothing_is_set_around_the_settlement_hour_that_the_meter_tells(bench: Bench) -> None:
    bench.meter.items["04000B01"] = bytes.fromhex("12 01")
    bench.meter.offset = timedelta(seconds=60)
    with pytest.raises(NotAllowedError, match="the settlement hour 12:00"):
        set_clock(bench.control, bench.url)
    bench.at(NOON.replace(hour=13))
    assert set_clock(bench.control, bench.url).report is not None


def test_unset_settlement_days_forbid_nothing(bench: Bench) -> None:
    bench.meter.items |= {"04000B02": bytes.fromhex("99 99"), "04000B03": bytes.fromhex("FF FF")}
    bench.meter.offset = timedelta(seconds=60)
    assert set_clock(bench.control, bench.url).report is not None


def test_a_dry_run_measures_and_sends_nothing_and_needs_no_permission(bench: Bench, tmp_path: Path) -> None:
    bench.meter.offset = timedelta(seconds=60)
    done = set_clock(allowed(tmp_path, allow_clock=False), bench.url, dry_run=True)
    assert done.report is None
    assert len(done.frames) == 1
    assert all(frame.control == 0x11 for frame in bench.meter.heard)


def test_it_is_off_by_default(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="KILOWATCH_ALLOW_CLOCK=true"):
        set_clock(allowed(tmp_path, allow_clock=False), bench.url)
    assert bench.meter.heard == []


def test_a_silent_meter_is_told(bench: Bench) -> None:
    bench.meter.mute = frozenset({0x11})
    with pytest.raises(NoAnswerError, match="does not tell its time: no answer"):
        set_clock(bench.control, bench.url.replace("timeout_s=0.3", "timeout_s=0.05"))


def test_the_audit_has_the_offset_the_frame_and_the_outcome(bench: Bench, tmp_path: Path) -> None:
    bench.meter.offset = timedelta(seconds=60)
    done = set_clock(bench.control, bench.url)
    sending, outcome = Audit(tmp_path / "audit.jsonl").entries()
    assert (sending.event, outcome.event, outcome.details["result"]) == ("sending", "outcome", "sent")
    assert sending.details["offset_s"] == pytest.approx(60, abs=1.5)
    assert sending.details["frames"] == list(done.frames)
    assert sending.details["by"]["account"] == "li"
