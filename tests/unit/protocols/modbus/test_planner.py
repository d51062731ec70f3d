import pytest

from pipeline.quantities import Quantity
from protocols.modbus.planner import Span, parse_span, plan_spans
from protocols.profile import Point


def points(*addresses: int) -> list[Point]:
    return [
        Point(quantity=Quantity.FREQUENCY, address=address, function=4, type="float32")
        for address in addresses
    ]


def plan(addresses: list[int], *refused: str, max_registers: int = 80, max_gap: int = 20) -> list[str]:
    spans = plan_spans(points(*addresses), max_registers=max_registers, max_gap=max_gap, refused=refused)
    return [span.what for span in spans]


def test_neighbours_share_a_request_of_at_most_so_many_registers() -> None:
    assert plan(list(range(0, 100, 2))) == ["4:0x0000+80", "4:0x0050+20"]


def test_a_small_gap_is_read_along_and_a_wide_one_is_not() -> None:
    assert plan([0, 22]) == ["4:0x0000+24"]
    assert plan([0, 24]) == ["4:0x0000+2", "4:0x0018+2"]


def test_function_codes_are_never_mixed() -> None:
    holding = Point(quantity=Quantity.FREQUENCY, address=2, function=3, type="uint16")
    spans = plan_spans([*points(0), holding], max_registers=80, max_gap=20)
    assert [span.what for span in spans] == ["3:0x0002+1", "4:0x0000+2"]


def test_a_refused_request_is_halved() -> None:
    assert plan([0, 2, 4, 6], "4:0x0000+8") == ["4:0x0000+4", "4:0x0004+4"]


@pytest.mark.parametrize("bad", range(0, 40, 2))
def test_halving_ends_with_everything_but_the_refused_point(bad: int) -> None:
    refused: set[str] = set()
    for _ in range(20):
        spans = plan_spans(points(*range(0, 40, 2)), max_registers=80, max_gap=20, refused=refused)
        now = {s.what for s in spans if s.holds(Span(4, bad, 2))}
        if not now:
            break
        refused |= now
    assert len(refused) <= 6
    covered = {a for s in spans for a in range(s.address, s.end, 2)}
    assert covered == set(range(0, 40, 2)) - {bad}


def test_a_wider_request_over_a_refused_register_is_not_tried() -> None:
    assert plan([0, 2], "4:0x0002+2") == ["4:0x0000+2"]


@pytest.mark.parametrize("what", ["0201FF00", "", "4:zz+2", "4:0x0000", "4:0x0000+2+2"])
def test_names_of_other_protocols_are_no_spans(what: str) -> None:
    assert parse_span(what) is None


def test_a_span_is_read_back_from_its_name() -> None:
    span = Span(4, 0x00C8, 6)
    assert parse_span(span.what) == span
