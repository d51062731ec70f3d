"""``make chaos``: strikes the parts of a site one after the other, then compares the database with the fleet.

Prints one JSON object. Exit status 1: something was lost, doubled or invented, or a gap has no cause.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from tests.chaos.backfill import backfilled
from tests.chaos.judgement import Verdict, judge
from tests.chaos.ledger import Strike
from tests.chaos.link import Link
from tests.chaos.peers import Peer
from tests.chaos.rounds import Action, Round, rounds
from tests.chaos.site import PERIOD_S, RECORD_MINUTES, Site, site
from tests.chaos.stored import stored_in

SETTLE_S = 60.0
"""How long after the last round the spools and the broker may take to be empty."""
LOOK_S = 1.0
WATCH_S = 0.25
SHOWN_MOST = 20


async def chaos(count: int, seed: int, folder: Path) -> tuple[dict[str, object], bool]:
    """Run ``count`` rounds in ``folder``; return the summary and whether the promise was kept."""
    begun = time.monotonic()
    async with site(folder) as here:
        _say(f"the site works after {time.monotonic() - begun:.0f} s; logs in {folder}")
        since = datetime.now(UTC)
        died: Counter[str] = Counter()
        watching = asyncio.create_task(_restart_the_dead(here, died))
        kinds: Counter[str] = Counter()
        for one in rounds(count, seed, here.victims):
            await asyncio.sleep(one.wait_s)
            await _strike(here, one)
            kinds[one.kind.name] += 1
        unsent = sum([await asyncio.to_thread(gateway.stop) for gateway in here.gateways])
        await _settled(here, since)
        await backfilled(here.database_url, here.victims["bus link"], since)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        for peer in here.programs:
            await _stop_for_good(here, peer)
        verdict = await asyncio.to_thread(_verdict, here, since)
        spooled = await asyncio.to_thread(_spooled, folder)
    _explain(verdict)
    summary = {
        "rounds": count,
        "readings": verdict.readings,
        "lost": len(verdict.lost),
        "duplicated": len(verdict.duplicated),
        "in_flight": len(verdict.in_flight),
        "broker_lost": len(verdict.broker_lost),
        "unheard": sum(not one.heard for one in verdict.broker_lost),
        "repeated": verdict.repeated,
        "invented": verdict.invented,
        "conflicts": verdict.conflicts,
        "refused": verdict.refused,
        "holes": verdict.holes,
        "without_cause": verdict.without_cause,
        "unclosed": verdict.unclosed,
        "gaps": verdict.gaps,
        "spooled": spooled,
        "unacknowledged": unsent,
        "died": died,
        "kinds": dict(sorted(kinds.items())),
        "seed": seed,
        "seconds": round(time.monotonic() - begun),
    }
    return summary, verdict.holds and not spooled and not died


async def _strike(here: Site, one: Round) -> None:
    """Strike the victim of a round, hold it for a while, let it go on."""
    _say(f"round {one.number}: {one.kind.action} {one.victim} for {one.hold_s:.1f} s")
    at = datetime.now(UTC)
    if one.kind.action is Action.ORPHAN:
        still_at = await _orphan(here.peers[one.victim], here.links[f"{one.victim}: database"], one)
    elif one.victim in here.peers:
        still_at = await _strike_peer(here.peers[one.victim], one)
    else:
        still_at = await _strike_link(here.links[one.victim], one)
    here.ledger.strikes.append(
        Strike(
            action=one.kind.action,
            victim=one.victim,
            peer=one.kind.peer,
            at=at,
            still_at=still_at,
            until=datetime.now(UTC),
        )
    )


async def _stop_for_good(here: Site, peer: Peer) -> None:
    """End a process as a service manager does; it too may be amid an exchange."""
    at = datetime.now(UTC)
    await peer.stop()
    ended = datetime.now(UTC)
    here.ledger.strikes.append(
        Strike(action=Action.STOP, victim=peer.name, peer=peer.peer, at=at, still_at=ended, until=ended)
    )


# Each returns when the victim stood still.


async def _orphan(peer: Peer, link: Link, one: Round) -> datetime:
    link.cut()
    await peer.kill()
    still_at = datetime.now(UTC)
    peer.start()
    await asyncio.sleep(one.hold_s)
    link.heal()
    return still_at


async def _strike_peer(peer: Peer, one: Round) -> datetime:
    if one.kind.action is Action.FREEZE:
        peer.freeze()
        still_at = datetime.now(UTC)
        await asyncio.sleep(one.hold_s)
        peer.thaw()
        return still_at
    await (peer.kill() if one.kind.action is Action.KILL else peer.stop())
    still_at = datetime.now(UTC)
    await asyncio.sleep(one.hold_s)
    peer.start()
    return still_at


async def _strike_link(link: Link, one: Round) -> datetime:
    if one.kind.action is Action.CUT:
        link.cut()
    else:
        link.stall()
    await asyncio.sleep(one.hold_s)
    link.heal()
    return datetime.now(UTC)


async def _restart_the_dead(here: Site, died: Counter[str]) -> None:
    """Do what a service manager does; but a process that ends by itself is a fault."""
    while True:
        for peer in here.peers.values():
            if peer.has_died:
                died[peer.name] += 1
                _say(f"{peer.name} ended by itself:\n{peer.last_words()}")
                peer.start()
        await asyncio.sleep(WATCH_S)


async def _settled(here: Site, since: datetime) -> None:
    """Wait until nothing waits in spools and broker any more, but not for ever."""
    limit = time.monotonic() + SETTLE_S
    while time.monotonic() < limit:
        await asyncio.sleep(LOOK_S)
        try:
            verdict = await asyncio.to_thread(_verdict, here, since)
        except psycopg.OperationalError:
            continue  # it is being recovered
        fresh = datetime.now(UTC) - timedelta(seconds=2 * LOOK_S)
        old = [one for one in verdict.lost if getattr(one, "at", fresh) <= fresh]
        waiting = await asyncio.to_thread(_spooled, here.folder)
        _say(f"settling: {len(old)} readings not there yet, {waiting} in spools")
        if not old and not waiting:
            return


def _verdict(here: Site, since: datetime) -> Verdict:
    stored = stored_in(here.database_url, since)
    return judge(
        here.ledger,
        stored,
        period_s=PERIOD_S,
        remembered=here.model.counts,
        records_every_s=60 * RECORD_MINUTES,
    )


def _spooled(folder: Path) -> int:
    """Return how many readings wait in the spools."""
    total = 0
    for path in folder.glob("*/spool/*.sqlite"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as spool:
            total += spool.execute("SELECT coalesce(sum(readings), 0) FROM record").fetchone()[0]
    return total


def _explain(verdict: Verdict) -> None:
    for one in verdict.lost[:SHOWN_MOST]:
        _say(f"lost: {one}")
    for meter, counts in verdict.duplicated[:SHOWN_MOST]:
        _say(f"stored more than once: meter {meter}, register {counts / 100:.2f} kWh")


def _say(line: str) -> None:
    print(f"chaos: {line}", file=sys.stderr, flush=True)  # noqa: T201 - a command


async def _until_stopped(count: int, seed: int, folder: Path) -> tuple[dict[str, object], bool]:
    """Run; SIGTERM too ends everything that was started."""
    running = asyncio.ensure_future(chaos(count, seed, folder))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await running


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None, help="the same seed gives the same rounds")
    given = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="kilowatch-chaos-"))
    summary, holds = asyncio.run(_until_stopped(given.rounds, seed, folder))
    print(json.dumps(summary))  # noqa: T201 - a command
    if holds:
        shutil.rmtree(folder)
    else:
        _say(f"the promise was broken; the logs are in {folder}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
