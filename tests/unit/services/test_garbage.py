"""How often garbage is looked for while readings pass through."""

from __future__ import annotations

import gc

from services.garbage import YOUNGEST, seldom_collected


def test_inside_it_is_looked_for_less_often_and_afterwards_as_before() -> None:
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold() == (YOUNGEST, *before[1:])
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_cycles_are_still_found() -> None:
    class Link:
        me: object = None

    with seldom_collected():
        link = Link()
        link.me = link
        del link
        assert gc.collect() > 0
