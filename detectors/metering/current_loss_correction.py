"""What a lost current would have counted by the others: the correction (追补电量) of a current loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.evidence import correction
from detectors.hysteresis import Stretch
from detectors.metering.element_powers import column, comparable_power, usual_share
from detectors.ratings import ELEMENTS, Element, Ratings
from pipeline.block import MeterMatrix
from pipeline.model import Json
from pipeline.registry import Wiring

BY_BEFORE = "the lost element's power by its usual share of the others' power in the seven days before"
BY_BALANCE = "the lost element's power by the others' power under a balanced load; nothing is known before"


def lost_current_correction(  # noqa: PLR0913, PLR0917 - what was lost, and what was not
    window: MeterMatrix,
    rated: Ratings,
    wiring: Wiring,
    stretch: Stretch,
    lost: Element,
    carrying: Sequence[Element],
) -> dict[str, Json]:
    """Return factor and missing energy of a stretch in which one element saw no current.

    Args:
        window: The window.
        rated: The ratings of its meters.
        wiring: How the meter is connected.
        stretch: Where it went on.
        lost: The element.
        carrying: Those that carried current meanwhile.
    """
    row, where = stretch.row, slice(stretch.first, stretch.end)
    share, by_before = usual_share(window, wiring, stretch, lost, carrying)
    rest = np.sum([comparable_power(window, wiring, e, row, where) for e in carrying], axis=0)
    shown_kw = np.sum([column(window, e.power, row, where) for e in ELEMENTS[wiring]], axis=0)
    true_kw = shown_kw - column(window, lost.power, row, where) + (share * rest).real
    ratio = rated.ratio_in(row, where)
    return {
        **correction(
            window,
            stretch,
            true_kw * ratio,
            shown_kw * ratio,
            how=BY_BEFORE if by_before else BY_BALANCE,
        ),
        "usual_share": round(abs(share), 4),
    }
