"""Drawn curves take in what is stored afterwards, in a real browser, and leave zoom and span as they are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard.app import create_app
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from pipeline.timegrid import to_numpy
from storage.database import Connection, connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.fix_dashboard import PLANT, city, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

DRAWN_WITHIN_S = 5.0
"""What the product promises for 95 of 100 values."""
WRITES = 20
MINUTE = timedelta(minutes=1)
HISTORY = 30
"""Minutes of readings that are there when the page is opened."""
Columns = Sequence[Sequence[float | None]]


@pytest.fixture
def writing(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        save_registry(connection, city())
        yield connection


@pytest.fixture
def address(writing: Connection) -> Iterator[str]:
    with serving(create_app(writing.info.dsn)) as address:
        yield address


def write(connection: Connection, instants: Sequence[datetime], volts: float = 230.0) -> None:
    """Store one phase's voltage, so that each reading is one point of the voltage chart."""
    ReadingWriter(connection).write(
        [
            Snapshot(
                meter=MeterId(PLANT),
                taken_at=at,
                received_at=at,
                origin=Origin.PRESENT,
                values={Quantity.VOLTAGE_A: volts},
            )
            for at in instants
        ]
    )


def save_load(connection: Connection, starts_at: datetime, kwh: float) -> None:
    save_intervals(
        connection,
        IntervalColumns(
            meters=[MeterId(PLANT)],
            starts_at=np.array([to_numpy(starts_at)]),
            minutes=np.array([15], dtype=np.int16),
            quality=np.array(["A"]),
            energies={"import_kwh": np.array([kwh])},
        ),
        computed_at=starts_at,
    )


def points(page: Page, chart: str) -> int:
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    return int(page.locator(f"[data-chart-id={chart}]").get_attribute("data-points") or 0)


def shows(page: Page, chart: str, count: int, timeout_s: float = 20.0) -> None:
    expect(page.locator(f"[data-chart-id={chart}]")).to_have_attribute(
        "data-points", str(count), timeout=1000 * timeout_s
    )


def is_pushed(page: Page) -> None:
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "pushed")


def opened(page: Page, address: str, path: str = "") -> list[str]:
    """Open the meter's page until curves are drawn and events heard; gives the curves asked for later."""
    page.goto(f"{address}/meters/{PLANT}{path}")
    is_pushed(page)
    expect(page.locator("[data-chart]:not([data-points])")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "format=binary" in request.url else None)
    page.evaluate("window.isTheSamePage = true")
    return asked


def test_a_stored_reading_is_a_point_on_its_chart_within_five_seconds(
    page: Page, address: str, writing: Connection
) -> None:
    first = datetime.now(UTC) - HISTORY * MINUTE
    write(writing, [first + n * MINUTE for n in range(HISTORY - 5)])
    asked = opened(page, address)
    assert points(page, "voltage") == HISTORY - 5
    waits_s = []
    for n in range(WRITES):
        write(writing, [datetime.now(UTC)])
        begun = time.monotonic()
        shows(page, "voltage", HISTORY - 5 + n + 1)
        waits_s.append(time.monotonic() - begun)
        page.wait_for_timeout(137 * (n % 5))
    p95_s = float(np.quantile(waits_s, 0.95))
    assert p95_s < DRAWN_WITHIN_S, sorted(waits_s)
    assert page.evaluate("window.isTheSamePage")
    since = [parse_qs(urlsplit(url).query)["since"][0] for url in asked if "/series" in url]
    assert len(since) >= WRITES // 2
    # Only the end of the curve was asked for, the last two points at the most.
    assert min(map(datetime.fromisoformat, since)) >= first + (HISTORY - 7) * MINUTE


def test_a_chart_asks_at_most_once_a_second_however_much_comes(
    page: Page, address: str, writing: Connection
) -> None:
    write(writing, [datetime.now(UTC) - 3 * MINUTE, datetime.now(UTC) - 2 * MINUTE])
    asked = opened(page, address)
    begun = time.monotonic()
    for _ in range(40):
        write(writing, [datetime.now(UTC)])
        page.wait_for_timeout(75)
    shows(page, "voltage", 42)
    took_s = time.monotonic() - begun
    assert 1 < len([url for url in asked if "/series" in url]) <= took_s + 2


HOLD_CURVES = """
const fetched = window.fetch, timed = window.setTimeout;
window.timers = 0; window.held = []; window.unlimited = [];
window.setTimeout = (...given) => { window.timers += 1; return timed(...given); };
window.fetch = (address, options) => {
  if (!(options?.signal instanceof AbortSignal)) window.unlimited.push(String(address));
  if (!window.holds || !String(address).includes("format=binary")) return fetched(address, options);
  return new Promise((go) => window.held.push(() => go(fetched(address, options))));
};
"""
"""Counts timers, and holds back the curves while ``holds`` is set."""
NEWS = "document.dispatchEvent(new CustomEvent('kilowatch:news'))"


def test_news_during_a_slow_fetch_wait_for_its_end_without_a_timer(
    page: Page, address: str, writing: Connection
) -> None:
    page.add_init_script(HOLD_CURVES)
    write(writing, [datetime.now(UTC) - 3 * MINUTE, datetime.now(UTC) - 2 * MINUTE])
    opened(page, address)
    live = page.locator("[data-chart]").count()
    page.evaluate(f"() => {{ window.holds = true; {NEWS}; }}")
    page.wait_for_function("charts => window.held.length === charts", arg=live)
    page.wait_for_timeout(1100)  # longer than two fetches are apart
    page.evaluate(f"() => {{ window.timers = 0; {NEWS}; {NEWS}; }}")
    page.wait_for_timeout(500)
    assert page.evaluate("window.timers") < 20, "none spins while its fetch is under way"
    assert page.evaluate("window.held.length") == live
    page.evaluate("() => window.held.forEach((go) => go())")
    page.wait_for_function("charts => window.held.length === 2 * charts", arg=live)
    assert page.evaluate("window.unlimited") == []


def test_zoom_and_span_stay_where_the_reader_put_them(page: Page, address: str, writing: Connection) -> None:
    now = datetime.now(UTC)
    write(writing, [now - n * MINUTE for n in range(HISTORY, 0, -1)])
    opened(page, address, "?days=30")
    over = page.locator("[data-chart-id=voltage] .u-over")
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=4)
    page.mouse.up()
    axis = "document.querySelector('[data-chart-id=voltage]').dataset.shown"
    zoomed = page.evaluate(axis)
    write(writing, [datetime.now(UTC)])
    shows(page, "voltage", HISTORY + 1)
    assert page.evaluate(axis) == zoomed
    over.dblclick()
    whole = page.evaluate(axis)
    assert whole != zoomed
    write(writing, [datetime.now(UTC)])
    shows(page, "voltage", HISTORY + 2)
    assert page.evaluate(axis) == whole
    assert "days=30" in page.url


def test_the_first_reading_of_a_span_begins_its_chart(page: Page, address: str, writing: Connection) -> None:
    opened(page, address)
    assert page.locator("[data-chart-id=voltage] .uplot").count() == 0
    write(writing, [datetime.now(UTC)])
    shows(page, "voltage", 1)
    expect(page.locator("[data-chart-id=voltage] .uplot")).to_be_visible()


def test_what_came_while_the_line_was_down_is_caught_up_with(
    page: Page, address: str, writing: Connection
) -> None:
    write(writing, [datetime.now(UTC) - n * MINUTE for n in (5, 4, 3)])
    opened(page, address)
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'kilowatch live' AND datname = current_database()"
    )
    writing.execute(end)
    expect(page.locator("[data-live-mark]")).to_have_attribute("data-state", "polled")
    write(writing, [datetime.now(UTC)])
    shows(page, "voltage", 4)
    is_pushed(page)
    write(writing, [datetime.now(UTC)])
    shows(page, "voltage", 5, DRAWN_WITHIN_S)


def test_an_interval_worked_out_later_lengthens_the_load_curve(
    page: Page, address: str, writing: Connection
) -> None:
    quarter = timedelta(minutes=15)
    now = datetime.now(UTC)
    start = now.replace(minute=15 * (now.minute // 15), second=0, microsecond=0) - 6 * quarter
    for n in range(4):
        save_load(writing, start + n * quarter, 10.0)
    opened(page, address)
    assert points(page, "load") == 4
    save_load(writing, start + 4 * quarter, 12.0)
    # Intervals are announced by nobody; a reading of the meter comes with them.
    write(writing, [datetime.now(UTC)])
    shows(page, "load", 5)


def test_past_midnight_the_span_moves_on_with_its_charts(page: Page, writing: Connection) -> None:
    # 15:59:30 is half a minute before midnight in Shanghai.
    late = datetime(2026, 11, 20, 15, 59, 30, tzinfo=UTC)
    now = [late]
    write(writing, [late - n * MINUTE for n in range(9, 0, -1)])
    with serving(create_app(writing.info.dsn, clock=lambda: now[0])) as address:
        opened(page, address, "?days=1")
        assert points(page, "voltage") == 9
        now[0] = late + 2 * MINUTE
        write(writing, [now[0] - MINUTE])
        # Of the new day there is one reading.
        shows(page, "voltage", 1)


def test_the_electrical_charts_grow_too(page: Page, address: str, writing: Connection) -> None:
    def write_power(at: datetime) -> None:
        value = {Quantity.ACTIVE_POWER: 4.2, Quantity.FREQUENCY: 50.0}
        reading = Snapshot(
            meter=MeterId(PLANT), taken_at=at, received_at=at, origin=Origin.PRESENT, values=value
        )
        ReadingWriter(writing).write([reading])

    for n in range(5, 0, -1):
        write_power(datetime.now(UTC) - n * MINUTE)
    opened(page, address, "/electrical")
    assert points(page, "frequency") == 5
    write_power(datetime.now(UTC))
    shows(page, "frequency", 6, DRAWN_WITHIN_S)
    shows(page, "active_power", 6, DRAWN_WITHIN_S)


def joined(page: Page, data: Columns, tail: Columns) -> Columns:
    found: Columns = page.evaluate("([data, tail]) => curveData.joined(data, tail)", [data, tail])
    return found


def test_a_hole_before_the_new_values_stays_a_hole(page: Page, address: str) -> None:
    opened(page, address)
    data: Columns = [[0, 60, 120, 180], [1.0, 2.0, 3.0, 4.0]]
    assert joined(page, data, [[120, 180, 240], [3.0, 4.0, 5.0]]) == [
        [0, 60, 120, 180, 240],
        [1.0, 2.0, 3.0, 4.0, 5.0],
    ]
    assert joined(page, data, [[120, 180, 600], [3.0, 4.0, 5.0]]) == [
        [0, 60, 120, 180, 181, 600],
        [1.0, 2.0, 3.0, 4.0, None, 5.0],
    ]


def test_a_thinned_pair_is_replaced_as_a_whole(page: Page, address: str) -> None:
    opened(page, address)
    # The last pair stands for 100 to 149: its extremes 7 and 9 both lay before 125.
    data: Columns = [[0, 25, 50, 75, 100, 125], [1.0, 2.0, 1.0, 3.0, 7.0, 9.0]]
    tail: Columns = [[100, 110, 120, 130], [7.0, 9.0, 8.0, 8.0]]
    assert joined(page, data, tail) == [
        [0, 25, 50, 75, 100, 110, 120, 130],
        [1.0, 2.0, 1.0, 3.0, 7.0, 9.0, 8.0, 8.0],
    ]


def test_a_slot_that_was_closed_is_opened_by_the_one_that_follows(page: Page, address: str) -> None:
    opened(page, address)
    # Three slots of a load curve, closed by an empty point; the third was estimated and is measured now.
    data: Columns = [[0, 900, 1800, 2700], [4.0, 5.0, None, None], [None, None, 6.0, None]]
    tail: Columns = [[1800, 2700, 3600], [6.5, 7.0, None], [None, None, None]]
    assert joined(page, data, tail) == [
        [0, 900, 1800, 2700, 3600],
        [4.0, 5.0, 6.5, 7.0, None],
        [None, None, None, None, None],
    ]
