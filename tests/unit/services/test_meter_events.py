import pytest

from pipeline.events import EventCount, EventKind
from services.meter_events import records_wanted


@pytest.mark.parametrize(
    ("count", "stored", "wanted"),
    [
        (3, 0, 3),
        (3, 2, 1),
        (3, 3, 1),  # the newest may have ended since
        (250, 100, 10),  # a meter keeps ten
        (4, 9, 10),  # it was cleared: all it holds is new
    ],
)
def test_only_what_is_new_is_asked_for(count: int, stored: int, wanted: int) -> None:
    counted = EventCount(kind=EventKind.COVER_OPEN, count=count)
    known = {(EventKind.COVER_OPEN, ""): stored, (EventKind.VOLTAGE_LOSS, "a"): 99}
    assert records_wanted(counted, known) == wanted
