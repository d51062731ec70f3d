"""The demo: a whole Kilowatch on this machine, with simulated meters, brought up part by part."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import IO

import httpx
import orjson

from pipeline.errors import ConfigError, KilowatchError
from services.accounts import first_administrator
from services.demo_result import DemoResult, Progress, progress_of, result_of
from services.embedded import EmbeddedBroker, EmbeddedDatabase, free_port
from services.flow_server import QUIET
from services.persons import this_person
from services.processes import Children
from storage.database import connect
from storage.migrate import migrate
from storage.registry import save_registry
from storage.registry_files import read_registry

FLEET = "demo"
HISTORY_DAYS = 30
ANALYSES = ("load_monitoring", "voltage_quality", "abnormal_use")
"""The flows that run once when the history is in; later on they follow their schedules."""
MARKER = "kilowatch-demo"
"""A file in the demo's folder that says we may empty it."""
REGISTRY, TRUTH, STATS = "registry.toml", "truth.jsonl", "line_faults.json"
LISTENING = "listening"
"""A file that says that the collector has subscribed: the gateways wait for it with what they have stored."""
PREFECT_LOGIN = "prefect-login"
"""The user and password of Prefect's server, made anew for each demo."""
SUBSCRIBED = "mqtt.connected"
"""What the collector's log says then."""
START_S = 120.0
LOOK_S = 5.0
GATEWAYS_S = 600.0
"""For the gateways to tell what they have stored, after the buses were asked."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The running parts."""

    children: Children
    database_url: str
    folder: Path
    page: str
    login: str
    """The account of the pages, made anew with each demo, and its password."""
    started_at: datetime
    say: Say


def run_demo(*, seconds: float | None, folder: Path | None, port: int, say: Say) -> DemoResult:
    """Bring everything up, say where to look, run until stopped, and judge what was found.

    Args:
        seconds: How long to run after everything is ready; None runs until Ctrl-C or SIGTERM.
        folder: Where the data go; emptied first.
        port: The dashboard's port; 0 takes a free one.
        say: Takes each line of progress.

    Raises:
        MissingPartError: If something the demo needs is not on this machine.
        KilowatchError: If a part does not start; the message has its last words.
    """
    folder = folder or default_folder()
    _empty(folder)
    say(f"data and logs: {folder}")
    with ExitStack() as stack, _stoppable():
        try:
            demo = _bring_up(stack, folder, port or free_port(), say)
        except KeyboardInterrupt:
            raise KilowatchError("stopped before everything was up") from None
        try:
            _fill(demo)
            demo.say(f"ready: {demo.page} (log in as {demo.login}; Ctrl-C stops)")
            _run(demo, seconds)
        except KeyboardInterrupt:
            demo.say("stopping")
        return _judge(demo)


def default_folder() -> Path:
    """Return the user's data folder; root's own is not readable for the database's user."""
    home = Path.home()
    if home == Path("/root"):
        return Path("/var/tmp/kilowatch-demo")  # noqa: S108  # marked as ours before it is emptied
    return home / ".local" / "share" / "kilowatch-demo"


def _empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise ConfigError(f"{folder} holds something else than a demo: name an empty folder with --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()
    (folder / "tmp").mkdir()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, also where a shell has left SIGINT ignored."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {sign: signal.signal(sign, interrupt) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _bring_up(stack: ExitStack, folder: Path, port: int, say: Say) -> Demo:
    started_at = datetime.now(UTC)
    database = stack.enter_context(EmbeddedDatabase(folder / "db"))
    url = database.create("kilowatch")
    with connect(url) as connection:
        report = migrate(connection)
        login = first_administrator(connection, started_at, this_person())
    say(f"database: PostgreSQL without TimescaleDB (level {report.level}), schema version {report.version}")
    broker = stack.enter_context(EmbeddedBroker(folder))
    say(f"MQTT broker: 127.0.0.1:{broker.port}")
    prefect_port, page = free_port(), f"http://127.0.0.1:{port}"
    children = stack.enter_context(
        Children(folder / "logs", _environment(folder, url, broker.port, prefect_port, page))
    )
    prefect = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    children.start("prefect", [*prefect, "--port", str(prefect_port)])
    buses = _simulate(children, folder, broker.port)
    with connect(url) as connection:
        save_registry(connection, read_registry(folder / REGISTRY))
    say(f"simulated meters: fleet {FLEET!r} on {len(buses)} lines and the broker")
    children.start_kilowatch("collect", ["collect", "--backfill-days", str(HISTORY_DAYS)])
    children.start_kilowatch("dashboard", ["dashboard", "--port", str(port)])
    demo = Demo(
        children=children,
        database_url=url,
        folder=folder,
        page=page,
        login=" with password ".join(login or ()),
        started_at=started_at,
        say=say,
    )
    _wait_for(demo, "dashboard", f"{page}/ready")
    _let_gateways_speak(demo)
    say(f"dashboard: {page} (filling up; log in as {demo.login})")
    _wait_for(demo, "prefect", f"http://127.0.0.1:{prefect_port}/api/health")
    say(f"Prefect: http://127.0.0.1:{prefect_port} (user:password in {folder / PREFECT_LOGIN})")
    children.start_kilowatch("alarms", ["alarms", "watch"])
    children.start_kilowatch("flows", ["flows", "serve"])
    return demo


def _environment(folder: Path, url: str, broker_port: int, prefect_port: int, page: str) -> Mapping[str, str]:
    login = f"kilowatch:{token_urlsafe(12)}"
    file = folder / PREFECT_LOGIN
    file.touch(mode=0o600)
    file.write_text(login + "\n", encoding="utf-8")
    return {
        **QUIET,
        "PREFECT_SERVER_API_AUTH_STRING": login,
        "PREFECT_API_AUTH_STRING": login,
        "KILOWATCH_DASHBOARD_URL": page,
        "KILOWATCH_DATABASE_URL": url,
        "KILOWATCH_MQTT_HOST": "127.0.0.1",
        "KILOWATCH_MQTT_PORT": str(broker_port),
        "KILOWATCH_LOCK_DIR": str(folder / "locks"),
        "KILOWATCH_SPOOL_DIR": str(folder / "spool"),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{prefect_port}/api",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        # Prefect's runner works in a folder of one name for all users, which another one may own.
        "TMPDIR": str(folder / "tmp"),
        "PYTHONUNBUFFERED": "1",
    }


def _simulate(children: Children, folder: Path, broker_port: int) -> Mapping[str, str]:
    """Start the fleet and wait for its first line: the addresses, with archive and truth written before."""
    child = children.start_kilowatch(
        "simulate",
        [
            *("simulate", FLEET, "--json", "--broker", f"127.0.0.1:{broker_port}"),
            *("--registry-out", str(folder / REGISTRY), "--truth-out", str(folder / TRUTH)),
            *("--stats-out", str(folder / STATS), "--gateways-after", str(folder / LISTENING)),
        ],
        keep_stdout=True,
    )
    line = _first_line(child.stdout)
    if not line:
        raise KilowatchError(f"the simulated meters did not start:\n{children.last_words('simulate')}")
    buses: Mapping[str, str] = orjson.loads(line)["buses"]
    return buses


def _first_line(stream: IO[bytes] | None) -> bytes:
    return b"" if stream is None else stream.readline()


def _wait_for(demo: Demo, name: str, address: str) -> None:
    """Wait until a part answers over HTTP."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        demo.children.check()
        try:
            if httpx.get(address, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    words = demo.children.last_words(name)
    raise KilowatchError(f"{name} does not answer at {address} after {START_S:.0f} s:\n{words}")


def _let_gateways_speak(demo: Demo) -> None:
    until = time.monotonic() + START_S
    while SUBSCRIBED not in demo.children.log("collect"):
        demo.children.check()
        if time.monotonic() > until:
            words = demo.children.last_words("collect")
            raise KilowatchError(f"the collector does not reach the broker within {START_S:.0f} s:\n{words}")
        time.sleep(0.3)
    (demo.folder / LISTENING).touch()


def _fill(demo: Demo) -> None:
    """Let the flows fetch the meters' history through the wire, then analyse it."""
    _run_flows(demo, ["remote_reading"], {"backfill_days": HISTORY_DAYS})
    _wait_for_gateways(demo)
    _run_flows(demo, ANALYSES, {"days": HISTORY_DAYS + 1})


def _wait_for_gateways(demo: Demo) -> None:
    """Wait until the gateways have told all that their meters had stored: nobody asks them for it."""
    until = time.monotonic() + GATEWAYS_S
    while not orjson.loads((demo.folder / STATS).read_bytes())["gateways_told"]:
        if time.monotonic() > until:
            words = demo.children.last_words("collect")
            raise KilowatchError(f"the gateways' history is not in after {GATEWAYS_S:.0f} s:\n{words}")
        _look(demo, LOOK_S)


def _run_flows(demo: Demo, flows: Sequence[str], parameters: Mapping[str, object]) -> None:
    name = f"run-{flows[0]}"
    arguments = ["flows", "run", *flows, "--parameters", orjson.dumps(parameters).decode()]
    run = demo.children.start_kilowatch(name, arguments, awaited=True)
    demo.say(f"flows: {', '.join(flows)} ...")
    while run.poll() is None:
        _look(demo, LOOK_S)
    if run.returncode != 0:
        raise KilowatchError(f"flow {flows[0]} or a later one failed:\n{demo.children.last_words(name)}")


def _look(demo: Demo, pause_s: float) -> None:
    """Wait a little, see that all parts live, and say how far it is."""
    time.sleep(pause_s)
    demo.children.check()
    demo.say(_progress_line(demo))


def _run(demo: Demo, seconds: float | None) -> None:
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or time.monotonic() < until:
        _look(demo, LOOK_S if until is None else min(LOOK_S, max(0.0, until - time.monotonic())))


def _progress_line(demo: Demo) -> str:
    with connect(demo.database_url) as connection:
        progress: Progress = progress_of(connection)
    elapsed_s = (datetime.now(UTC) - demo.started_at).total_seconds()
    return (
        f"[{elapsed_s:4.0f} s] {progress.live} live readings, {progress.backfilled} backfilled, "
        f"coverage {progress.coverage:.1%}, {progress.episodes} episodes"
    )


def _judge(demo: Demo) -> DemoResult:
    demo.children.stop("simulate")
    stats = orjson.loads((demo.folder / STATS).read_bytes())
    with connect(demo.database_url) as connection:
        return result_of(connection, demo.folder / TRUTH, demo.page, stats["fault_share"])
