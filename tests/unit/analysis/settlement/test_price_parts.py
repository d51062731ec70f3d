from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from analysis.settlement.bill import Bill, BillLine
from analysis.settlement.price_parts import average_price, price_parts

D = Decimal


def _line(item: str, quantity: str, price: str, amount: str, **more: str) -> BillLine:
    unit = more.get("unit", "kWh")
    return BillLine(
        item=item,
        quantity=D(quantity),
        unit=unit,
        price=D(price),
        amount=D(amount),
        period=more.get("period"),
    )


def _bill(lines: Sequence[BillLine], kwh: str) -> Bill:
    return Bill(
        service_point="P",
        month="2026-06",
        starts_at=datetime(2026, 6, 1, tzinfo=UTC),
        ends_at=datetime(2026, 7, 1, tzinfo=UTC),
        lines=lines,
        registers=(),
        energy_kwh=D(kwh),
    )


LINES = (
    _line("energy", "300", "1.00", "300.00", period="peak"),
    _line("energy", "400", "0.60", "240.00", period="flat"),
    _line("energy", "300", "0.30", "90.00", period="valley"),
    _line("renewable_fund", "1000", "0.019", "19.00"),
    _line("basic_capacity", "100", "23", "2300.00", unit="kVA"),
    _line("power_factor", "2930", "0.05", "146.50", unit="yuan"),
    _line("meter_rent", "1", "8", "8.00", unit="yuan"),
)


def test_the_parts_are_those_worked_out_by_hand_and_add_up_exactly() -> None:
    bill = _bill(LINES, "1000")
    # All 1000 kWh at the flat 0.60, and the fund; 300 x 0.40 more at peak less 300 x 0.30 at valley.
    assert price_parts(bill) == {
        "price": D("619.00"),
        "mix": D("30.00"),
        "demand": D("2300.00"),
        "power_factor": D("146.50"),
        "other": D("8.00"),
    }
    assert sum(price_parts(bill).values()) == bill.amount == D("3103.50")
    assert average_price(bill) == D("3.1035")


def test_without_flat_hours_the_mean_of_the_prices_stands_for_them() -> None:
    parts = price_parts(_bill([LINES[0], LINES[2]], "600"))
    assert (parts["price"], parts["mix"]) == (D("390.000"), D("0.000"))


def test_a_month_without_energy_has_no_price() -> None:
    assert average_price(_bill([LINES[4]], "0")) is None
    assert price_parts(_bill([LINES[4]], "0"))["demand"] == D("2300.00")
