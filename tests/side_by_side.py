"""Shares the files of tests out among runs of pytest side by side: whoever is free takes the next one.

``pytest -p tests.side_by_side --share FOLDER``: each run that names the folder leaves in it the names of the
files that it takes. One with ``--begin-in tests/unit`` begins there and goes round, so that each has tests of
its own kind for the most time, with the servers that they want, and all end at about the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("side by side")
    group.addoption("--share", type=Path, metavar="FOLDER", help="run only what no other run has taken")
    group.addoption("--begin-in", default="", metavar="FOLDER", help="take the files of this one first")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run what nobody else has taken; as pytest's own loop does, which runs everything."""
    options = session.config.option
    if options.share is None or options.collectonly or session.testsfailed:
        return None
    taken = taken_items(session.items, options.share, begin_in=options.begin_in)
    for item, following in pairwise(chain(taken, [None])):
        assert item is not None  # only the last one is nothing, and nothing follows it
        # A fixture of a module is torn down when the item that follows is of another one.
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
    return True


def taken_items(items: Sequence[pytest.Item], share: Path, *, begin_in: str = "") -> Iterator[pytest.Item]:
    """Give the items of one file after the other, each file taken when its first item is asked for."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        # Not each file's items need follow one another: pytest puts those together that share a fixture.
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    names = list(files)
    first = next((n for n, name in enumerate(names) if name.startswith(begin_in)), 0)
    for name in names[first:] + names[:first]:
        if _take(share / name.replace("/", ":")):
            yield from files[name]


def _take(place: Path) -> bool:
    try:
        place.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
