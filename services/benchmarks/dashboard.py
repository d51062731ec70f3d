"""How long a meter's page with 100 000 points takes in a browser until its charts stand, and its weight."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.block import ReadingBlock
from pipeline.errors import MissingPartError
from pipeline.model import MeterId, Origin
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from pipeline.timegrid import slot_grid, slot_start
from services.benchmarks.rows import BenchRow, benchmarks
from services.benchmarks.running_dashboard import COOKIE, RunningDashboard, running_dashboard
from services.benchmarks.servers import bench_database
from services.wiring import utc_now
from storage.database import Connection, connect
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

METER: Final = MeterId("M-1")
PHASES: Final = (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)
MINUTES: Final = 33_400
"""So many minutes of three voltages are 100 200 points."""
REPEATS: Final = 5
CHART_MS: Final = 1_000.0
PAGE_BYTES: Final = 2_000_000.0
WAIT_MS: Final = 60_000
CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
EVERY_POINT: Final = "200000"
"""What the address of a curve asks for where it is not to be thinned."""

_WATCH: Final = """
window.drawn = {};
new MutationObserver((changes) => {
  for (const { target } of changes) {
    const name = JSON.parse(target.dataset.chart).unit;
    requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn[name] ??= performance.now(); }));
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-points"] });
"""
"""Notes, for each chart by its unit, when it first stood on the screen: ms since the address was entered."""
_WEIGH: Final = """() => ({
  drawn: window.drawn,
  points: Array.from(document.querySelectorAll("[data-chart]"), (f) => Number(f.dataset.points)),
  bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((sum, { transferSize }) => sum + transferSize, 0),
})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at the page, in a browser that has nothing of it yet."""

    first_ms: float
    voltage_ms: float
    """When the chart of the many points stood; the other one, of the load, has 2 880."""
    last_ms: float
    points: int
    transferred_bytes: int


@benchmarks.register("dashboard")
def dashboard(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure in a headless Chromium, over a database of its own that is dropped afterwards.

    Raises:
        MissingPartError: If Playwright, a browser or a server is not there.
        StorageError: If the server does not let a database be made.
    """
    with _browser() as browser, bench_database() as url:
        begin("writing 100 000 points")
        with connect(url) as connection:
            _seed(connection, utc_now())
        with running_dashboard(url) as running:
            _visit(browser, running, thinned=True)
            begin(f"{REPEATS} visits, thinned by the server")
            thinned = [_visit(browser, running, thinned=True) for _ in range(REPEATS)]
            begin(f"{REPEATS} visits with every point")
            whole = [_visit(browser, running, thinned=False) for _ in range(REPEATS)]
    return [*_rows("thinned by the server", thinned), *_rows("every point", whole)]


def _rows(how: str, visits: Sequence[Visit]) -> list[BenchRow]:
    def row(what: str, of: Callable[[Visit], float], limit: float | None = None) -> BenchRow:
        value = median(of(visit) for visit in visits)
        return BenchRow(what=f"{how}: {what}", value=value, limit=limit, goal=None if limit is None else 1.0)

    return [
        row("first chart on the screen (ms)", lambda v: v.first_ms, CHART_MS),
        row("chart of the voltages on the screen (ms)", lambda v: v.voltage_ms, CHART_MS),
        row("last chart on the screen (ms)", lambda v: v.last_ms),
        row("page with all it fetches (bytes)", lambda v: v.transferred_bytes, PAGE_BYTES),
        row("points drawn", lambda v: v.points),
    ]


@contextmanager
def _browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only this benchmark needs it
    except ImportError as error:
        raise MissingPartError(
            "this benchmark looks at pages through Playwright, which is not installed: "
            "pip install 'kilowatch[browser]'"
        ) from error
    program = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if program is None:
        raise MissingPartError(f"there is no browser ({', '.join(CHROMIUM)}): apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def _visit(browser: Browser, running: RunningDashboard, *, thinned: bool) -> Visit:
    context = browser.new_context()
    context.add_cookies([{"name": COOKIE, "value": running.token, "url": running.address}])
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    if not thinned:
        page.route("**/api/meters/**", _unthinned)
    page.goto(f"{running.address}/meters/{METER}?days=30")
    page.locator("[data-chart]:not([data-points])").first.wait_for(state="detached")
    # Two frames more, in which what was drawn comes to the screen.
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found: Mapping[str, Any] = page.evaluate(_WEIGH)  # Any: what the script above gives
    context.close()
    return Visit(
        first_ms=min(found["drawn"].values()),
        voltage_ms=found["drawn"]["V"],
        last_ms=max(found["drawn"].values()),
        points=sum(found["points"]),
        transferred_bytes=found["bytes"],
    )


def _unthinned(route: Route) -> None:
    route.continue_(url=f"{route.request.url}&points={EVERY_POINT}")


def _seed(connection: Connection, now: datetime) -> None:
    save_registry(connection, Registry(meters=[Meter(id=METER)]))
    end = slot_start(now, 1)
    taken_at = slot_grid(end - timedelta(minutes=MINUTES), end, 1)
    chance = np.random.default_rng(12325)
    n = len(taken_at)
    ReadingWriter(connection).write_block(
        ReadingBlock(
            meters=[METER] * n,
            taken_at=taken_at,
            received_at=taken_at,
            slot_at=taken_at,
            meter_time=np.full(n, np.datetime64("NaT", "us")),
            origins=[Origin.PRESENT] * n,
            quality=np.zeros(n, dtype=np.int32),
            flags=[{}] * n,
            scalars={phase: np.round(chance.normal(229.0, 1.5, n), 1) for phase in PHASES},
        )
    )
    starts_at = slot_grid(slot_start(end - timedelta(days=30), 15), slot_start(end, 15), 15)
    slots = len(starts_at)
    save_intervals(
        connection,
        IntervalColumns(
            meters=[METER] * slots,
            starts_at=starts_at,
            minutes=np.full(slots, 15, dtype=np.int16),
            quality=np.full(slots, "A"),
            energies={"import_kwh": np.round(chance.gamma(2.0, 0.4, slots), 2)},
        ),
        computed_at=now,
    )
