"""Readings name the slot edges past which estimation moves no energy."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.model import MeterId, Origin
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from services.derive import REGISTERS
from services.vee_edges import KnownEdges
from storage.columns import NUMBER_OF_ORIGIN
from storage.readings import ReadingSeries
from tests.vee_windows import START, vee_window

REGISTRY = Registry(meters=[Meter(id=MeterId("M1")), Meter(id=MeterId("M2"))])
NAN = float("nan")


def _series(at: Sequence[int], values: Mapping[str, Sequence[float]]) -> ReadingSeries:
    """Return what M1 showed at the edges ``at``, by energy."""
    times = START + np.array(at) * np.timedelta64(15, "m")
    given: dict[Quantity, np.ndarray[tuple[int], np.dtype[np.float64]]] = {
        quantity: np.array(values.get(energy, [NAN] * len(at))) for energy, quantity in REGISTERS.items()
    }
    return ReadingSeries(
        meters=[MeterId("M1")],
        meter_index=np.zeros(len(at), dtype=np.int64),
        taken_at=times,
        slot_at=times,
        origin=np.full(len(at), NUMBER_OF_ORIGIN[Origin.LOAD_RECORD], dtype=np.int16),
        quality=np.zeros(len(at), dtype=np.int32),
        values=given,
    )


def _known(series: ReadingSeries, energy: str, letters: str = "EEEEEE") -> list[list[int]]:
    quality = np.array([list(letters), ["A"] * len(letters)])
    window = vee_window(np.ones((2, len(letters))), quality=quality, energy=energy)
    edges = KnownEdges(REGISTRY, series, frozenset()).on(window).known_edges
    assert edges is not None
    return [np.flatnonzero(row).tolist() for row in edges]


def test_edges_are_known_of_meters_with_a_gap_of_known_sum_alone() -> None:
    series = _series([0, 4, 6], {"import_kwh": [1.0, 2.0, 3.0]})
    assert _known(series, "import_kwh") == [[0, 4, 6], []]
    assert _known(series, "import_kwh", "AAAAAA") == [[], []]
    assert _known(series, "export_kwh") == [[], []]


def test_the_sum_of_two_quadrants_is_known_where_both_are() -> None:
    series = _series([0, 4, 6], {"q1_kvarh": [1.0, 2.0, 3.0], "q2_kvarh": [1.0, NAN, 3.0]})
    assert _known(series, "import_kvarh") == [[0, 6], []]
