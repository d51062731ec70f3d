"""Losses of transformers, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from analysis.settlement.losses import losses_of
from analysis.settlement.segments import segments_of
from pipeline.archive_records import MeteringSide
from pipeline.contracts import Suspension
from tests.bill_cases import bill_case

APRIL = bill_case("08_transformer_losses").month
(WHOLE,) = segments_of(APRIL)


def test_a_unit_at_rest_loses_nothing_meanwhile() -> None:
    # Two suspensions overlap: days 1 to 10 and 6 to 15, together 15 days = 360 h; 360 h are left.
    # Iron: 0.96 x 360 = 345.60 kWh; I0: 0.01 x 500 x 360 = 1800 kvarh. Without energy there is no copper.
    rests = [
        Suspension(
            id=name,
            service_point="P",
            starts_at=APRIL.starts_at + timedelta(days=first),
            ends_at=APRIL.starts_at + timedelta(days=first + 10),
            remaining_kva=remaining,
            transformers=units,
        )
        for name, first, remaining, units in [
            ("A", 0, 0.0, ()),
            ("B", 5, 100.0, ("T1",)),
            ("C", 15, 100.0, ()),
        ]
    ]
    found = losses_of(replace(APRIL, suspensions=rests), WHOLE, Decimal(0), Decimal(0))
    assert (found.kwh, found.kvarh) == (Decimal("345.60"), Decimal("1800.00"))


def test_two_units_share_the_load_by_their_capacity() -> None:
    # 1000 kVA together: b^2 = (90000^2 + 40000^2) / (1000 x 720)^2 = 0.018711...; K_T b^2 = 0.0196469907
    # Iron 2 x 691.20; copper 0.0196469907 x 2 x 5.10 x 720 = 144.2875 -> 144.29
    twice = [*APRIL.transformers, replace(APRIL.transformers[0], id="T2")]
    found = losses_of(replace(APRIL, transformers=twice), WHOLE, Decimal(90000), Decimal(40000))
    assert found.basis["iron_kwh"] == "1382.40"
    assert found.basis["copper_kwh"] == "144.29"
    assert found.basis["mean_load_rate"] == "0.136790"


def test_a_meter_on_the_high_side_has_measured_them() -> None:
    high = replace(WHOLE, contract=replace(WHOLE.contract, metering_side=MeteringSide.HIGH))
    found = losses_of(APRIL, high, Decimal(90000), Decimal(40000))
    assert (found.kwh, found.kvarh) == (Decimal(0), Decimal(0))
    assert not found.findings


def test_what_the_plate_lacks_is_named() -> None:
    bare = [replace(APRIL.transformers[0], load_loss_kw=None, impedance_percent=None)]
    (finding,) = losses_of(replace(APRIL, transformers=bare), WHOLE, Decimal(1), Decimal(0)).findings
    assert finding.parameters["what"] == "T1.load_loss_kw, T1.impedance_percent"
