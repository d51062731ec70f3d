"""Any schedule of faults on a true register: each segment adds up exactly, hidden energy stays unknown."""

from dataclasses import dataclass

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.intervals import RegisterBounds, RegisterReadings, SlotGrid
from pipeline.stays import Register, RegisterHistory, SlotPieces, Stay, slot_pieces

SLOTS = 60
GRID = SlotGrid(starts_at=np.datetime64("2026-01-01T00:00", "us"), minutes=15, slots=SLOTS)
EDGES = GRID.edges
SCALE = 1_000_000
MOST_A_SLOT = 500
FASTEST = 4.0 * MOST_A_SLOT
REGISTER = Register(
    quantity="active_energy_import",
    resolution=1.0,
    bounds=RegisterBounds(scale=SCALE, fastest=FASTEST),
)
QUIET = 4
"""Sound readings between two faults: with fewer, several stories explain the same numbers."""
KINDS = ("gap", "reset", "bad low", "bad high", "boot zero", "repeat", "swap", "ratio")


@dataclass(frozen=True)
class Lab:
    """What was true, what was read, and what the archive knows."""

    energy: NDArray[np.int64]
    """True energy up to each edge: never falls."""
    readings: RegisterReadings
    history: RegisterHistory
    hidden: frozenset[int]
    """Slots in which a register lost what it had counted."""
    faults: tuple[tuple[str, int, int], ...]


def _faults(draw: st.DrawFn, quiet: int) -> list[tuple[str, int, int]]:
    """Draw faults (kind, first edge, edges) in time order."""
    found, at = [], quiet
    for kind, length, pause in draw(
        st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 5), st.integers(0, 6)), max_size=12)
    ):
        at += pause
        if at + length + quiet > SLOTS:
            break
        found.append((kind, at, 1 if kind.startswith("bad") else length))
        at += length + quiet
    return found


@st.composite
def labs(draw: st.DrawFn, quiet: int = QUIET) -> Lab:
    """A register near its full scale or not, with load records on the edges and faults put upon them."""
    growth = draw(st.lists(st.integers(1, MOST_A_SLOT), min_size=SLOTS, max_size=SLOTS))
    energy = np.concatenate([[0], np.cumsum(growth)]).astype(np.int64)
    faults = _faults(draw, quiet)
    resets = any(kind in ("reset", "swap") for kind, _, _ in faults)
    # A reset near the full scale looks like a roll-over: there the two cannot be told apart.
    first = draw(st.integers(SCALE // 2, SCALE // 2 + 1000) if resets else st.integers(0, SCALE - 1))
    shown = (first + energy) % SCALE
    kept = np.ones(SLOTS + 1, dtype=np.bool_)
    hidden: set[int] = set()
    stays, cuts = [Stay()], []
    for kind, at, length in faults:
        until = at + length
        if kind == "gap":
            kept[at:until] = False
        elif kind == "reset":
            # One that is back at its old level by the next reading looks like a single bad read, or none.
            most = min(growth[at - 1], int(shown[at - 2]) - growth[at] - 1)
            if most < 0:
                continue
            shown[at:] = energy[at:] - energy[at] + draw(st.integers(0, most))
            hidden.add(at - 1)
        elif kind == "bad low":
            shown[at] = draw(st.integers(0, max(int(shown[at - 1]) - 1, 0)))
        elif kind == "bad high":
            shown[at] = min(int(shown[at]) + 3 * MOST_A_SLOT, SCALE - 1)
        elif kind == "boot zero":
            shown[at:until] = 0
        elif kind == "repeat":
            shown[at:until] = shown[at - 1]
        elif kind == "swap":
            opening = draw(st.integers(0, 1000))
            closing = int(shown[at])
            shown[at:] = energy[at:] - energy[at] + opening
            stays[-1] = Stay(
                starts_at=stays[-1].starts_at,
                ends_at=EDGES[at],
                opening=stays[-1].opening,
                closing={REGISTER.quantity: closing},
            )
            stays.append(Stay(starts_at=EDGES[at], opening={REGISTER.quantity: opening}))
        else:
            cuts.append(EDGES[at] + np.timedelta64(length, "m"))
    assume(shown[kept][-1] != 0)  # whether the meter starts or rolled over, only the next reading will tell
    readings = RegisterReadings(
        taken_at=EDGES[kept], counts=shown[kept], rank=np.zeros(int(kept.sum()), dtype=np.int64)
    )
    history = RegisterHistory(stays=tuple(stays), cuts=tuple(cuts))
    return Lab(
        energy=energy, readings=readings, history=history, hidden=frozenset(hidden), faults=tuple(faults)
    )


def _sums(pieces: SlotPieces, lab: Lab) -> list[tuple[int, int, int]]:
    """Return counted sum and true energy of each unbroken valid stretch, and its first slot."""
    found = []
    valid = np.concatenate([[False], pieces.counts.valid, [False]]).astype(np.int64)
    for begin, end in zip(
        np.flatnonzero(np.diff(valid) == 1), np.flatnonzero(np.diff(valid) == -1), strict=True
    ):
        first, last = int(pieces.slot[begin]), int(pieces.slot[end - 1])
        true = int(lab.energy[last + 1] - lab.energy[first])
        found.append((int(pieces.counts.counts[begin:end].sum()), true, first))
    return found


@given(labs())
@settings(max_examples=400, deadline=None)
def test_between_faults_every_stretch_adds_up_to_the_true_energy_exactly(lab: Lab) -> None:
    pieces = slot_pieces(lab.readings, GRID, REGISTER, lab.history)
    for counted, true, first in _sums(pieces, lab):
        assert counted == true, (first, lab.faults)


@given(labs())
@settings(max_examples=400, deadline=None)
def test_energy_that_a_reset_hides_is_unknown_and_all_else_is_known(lab: Lab) -> None:
    pieces = slot_pieces(lab.readings, GRID, REGISTER, lab.history)
    unknown = {int(slot) for slot in pieces.slot[~pieces.counts.valid]}
    assert unknown == lab.hidden, lab.faults
    assert set(pieces.counts.method[~pieces.counts.valid].tolist()) <= {"hidden by reset"}


@given(labs(quiet=0))
@settings(max_examples=400, deadline=None)
def test_however_faults_crowd_no_segment_counts_more_than_its_readings_show(lab: Lab) -> None:
    pieces = slot_pieces(lab.readings, GRID, REGISTER, lab.history)
    counts, segment = pieces.counts.counts, pieces.counts.segment
    assert (counts >= 0).all()
    assert (counts[~pieces.counts.valid] == 0).all()
    for number in np.unique(segment[segment >= 0]):
        slots = np.flatnonzero(segment == number)
        assert (np.diff(slots) == 1).all(), "a segment has no holes"
        hours = len(slots) / 4
        assert counts[slots].sum() <= FASTEST * hours + len(slots) + 1


@given(labs(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_late_and_shuffled_readings_give_the_same_intervals(lab: Lab, random: object) -> None:
    order = list(range(len(lab.readings.taken_at)))
    random.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    mixed = RegisterReadings(
        taken_at=lab.readings.taken_at[order],
        counts=lab.readings.counts[order],
        rank=lab.readings.rank[order],
    )
    once = slot_pieces(lab.readings, GRID, REGISTER, lab.history).counts
    again = slot_pieces(mixed, GRID, REGISTER, lab.history).counts
    assert once.counts.tolist() == again.counts.tolist()
    assert once.quality.tolist() == again.quality.tolist()
