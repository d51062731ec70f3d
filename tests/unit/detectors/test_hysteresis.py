import numpy as np
import pytest

from detectors.hysteresis import Delays, Stretch, stretches_of


def _stretches(*rows: str, delays: Delays) -> list[Stretch]:
    cells = np.array([list(row) for row in rows])
    return stretches_of(cells == "T", cells == "r", cells != ".", delays)


def _spans(row: str, **delays: int) -> list[tuple[int, int, bool]]:
    return [(s.first, s.end, s.is_open) for s in _stretches(row, delays=Delays(**delays))]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("rrTTrr", [(2, 4, False)]),
        ("rrTrTr", []),
        ("rrTT--rr", [(2, 6, False)]),
        ("rrTT--TTrr", [(2, 8, False)]),
        ("rrTTrrTTrr", [(2, 4, False), (6, 8, False)]),
        ("rrTT--", [(2, 6, True)]),
        ("TT", [(0, 2, True)]),
        ("------", []),
        ("......", []),
        ("T.Trr", []),
        ("TT.-rr", [(0, 4, False)]),
        ("TT...", [(0, 2, True)]),
        ("TT....", [(0, 2, False)]),
        ("TT....TTr", [(0, 2, False), (6, 8, False)]),
    ],
)
def test_a_stretch_begins_with_two_triggers_and_ends_restored_at_a_gap_or_with_the_data(
    row: str, expected: list[tuple[int, int, bool]]
) -> None:
    assert _spans(row, on=2, gap=4) == expected


def test_the_restore_delay_bridges_single_good_values() -> None:
    assert _spans("TTr-rr--", on=2, off=2) == [(0, 4, False)]


def test_stretches_no_further_apart_than_the_merge_gap_are_one() -> None:
    assert _spans("TrrTrrrT", merge=2) == [(0, 4, False), (7, 8, True)]


def test_rows_do_not_touch_each_other() -> None:
    found = _stretches("rrrT", "Trrr", "rr..", delays=Delays(on=1))
    assert found == [
        Stretch(row=0, first=3, end=4, is_open=True, known_end=4),
        Stretch(row=1, first=0, end=1, is_open=False, known_end=4),
    ]
    assert _stretches("rrrT", "Trrr", delays=Delays(on=2)) == []


def test_each_row_may_have_its_own_delays() -> None:
    found = _stretches("TTrr", "TTrr", delays=Delays(on=np.array([2, 3])))
    assert [s.row for s in found] == [0]


def test_the_end_of_what_is_known_is_told() -> None:
    (found,) = _stretches("TTrrrr..", delays=Delays())
    assert found.known_end == 6


def test_it_agrees_with_a_walk_through_the_values() -> None:
    random = np.random.default_rng(11)
    cells = random.choice(list("TTr-."), size=(40, 60))
    delays = Delays(on=2, off=2, gap=3)
    found = stretches_of(cells == "T", cells == "r", cells != ".", delays)
    walked = [s for row, marks in enumerate(cells) for s in _walk(row, "".join(marks))]
    assert [s[:4] for s in found] == walked


def _walk(row: int, marks: str) -> list[tuple[int, int, int, bool]]:
    """The same by hand for on=2, off=2, gap=3: slot after slot, as a terminal does it."""
    found = []
    first: int | None = None
    at = 0
    while at < len(marks):
        if first is None:
            if marks[at : at + 2] == "TT":
                first = at
                at += 2
                continue
        elif marks[at : at + 2] == "rr" or marks[at : at + 3] == "...":
            found.append((row, first, first + len(marks[first:at].rstrip(".")), False))
            first = None
        at += 1
    if first is not None:
        found.append((row, first, first + len(marks[first:].rstrip(".")), True))
    return found
