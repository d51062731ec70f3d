"""A month of a 10 kV customer with known figures: a violation of order 5, and a week without data.

June 2026, Asia/Shanghai, every 15 minutes: 30 days of 96 readings, of which 10 June to 16 June are missing,
so 23 x 96 = 2208 of 2880 are there (76.7 %).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import sqrt
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason, Reference
from analysis.power_quality.point_month import Instrument, PointMonth, QualityPoint
from pipeline.archive_records import PointClass, Supply
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from reports.power_quality.subject import MonthlyReport

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 5, 31, 16, tzinfo=UTC)
END = datetime(2026, 6, 30, 16, tzinfo=UTC)
SLOTS = 30 * 96
MISSING = slice(9 * 96, 16 * 96)
PRESENT = SLOTS - 7 * 96
COVERAGE = PRESENT / (SLOTS - 6)
"""The outage of an hour and a half takes six readings away that were not due."""
OUTAGE = (datetime(2026, 6, 20, 2, tzinfo=UTC), datetime(2026, 6, 20, 3, 30, tzinfo=UTC))
WORST_AT = datetime(2026, 6, 5, 6, 15, tzinfo=UTC)
NOMINAL_V = 10_000.0 / sqrt(3.0)
PARTS = {
    "voltage_deviation": 3,
    "harmonic_voltage": 4,
    "harmonic_current": 5,
    "unbalance": 6,
    "events": 9,
    "harmonic_source": 13,
}
GB14549 = Reference(
    standard="GB/T 14549",
    edition="1993",
    clause="4, Table 1",
    effective_from=date(1994, 3, 1),
    source="a table handed in by a test",
    confirmed=False,
)
GB12325 = Reference(
    standard="GB/T 12325",
    edition="2008",
    clause="4.2",
    effective_from=date(2009, 5, 1),
    source="a table handed in by a test",
    confirmed=False,
)


def quality_month() -> PointMonth:
    """Return the month: voltages within 5.6 to 6.0 kV, order 5 of phase A above 3.2 % in the afternoons."""
    slot = np.arange(SLOTS)
    times = np.datetime64(BEGIN.replace(tzinfo=None), "us") + slot * np.timedelta64(900_000_000, "us")
    day = np.sin(2.0 * np.pi * (slot % 96) / 96.0)
    noise = np.random.default_rng(5).normal(0.0, 1.0, (12, SLOTS))
    spectra = [_spectrum(day, noise[9 + place], share) for place, share in enumerate((2.8, 2.3, 2.2))]
    values = {
        Quantity.VOLTAGE_A: NOMINAL_V + 60.0 * day + 12.0 * noise[0],
        Quantity.VOLTAGE_B: NOMINAL_V + 20.0 + 60.0 * day + 12.0 * noise[1],
        Quantity.VOLTAGE_C: NOMINAL_V - 25.0 + 60.0 * day + 12.0 * noise[2],
        Quantity.CURRENT_A: 120.0 - 60.0 * day + 2.0 * noise[3],
        Quantity.CURRENT_B: 118.0 - 60.0 * day + 2.0 * noise[4],
        Quantity.CURRENT_C: 123.0 - 60.0 * day + 2.0 * noise[5],
        Quantity.ACTIVE_POWER: 1_900.0 - 900.0 * day,
        Quantity.POWER_FACTOR: 0.93 + 0.02 * day,
        Quantity.VOLTAGE_THD_A: _total(spectra[0]),
        Quantity.VOLTAGE_THD_B: _total(spectra[1]),
        Quantity.VOLTAGE_THD_C: _total(spectra[2]),
        Quantity.CURRENT_THD_A: 1.8 * _total(spectra[0]),
        Quantity.CURRENT_THD_B: 1.8 * _total(spectra[1]),
        Quantity.CURRENT_THD_C: 1.8 * _total(spectra[2]),
        Quantity.FREQUENCY: 50.0 + 0.01 * noise[6],
        Quantity.CLOCK_OFFSET: np.full(SLOTS, -3.0),
    }
    # A day of low voltage, seen by every phase.
    low = (slot >= 4 * 96 + 30) & (slot < 4 * 96 + 42)
    for quantity in (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C):
        values[quantity] = np.where(low, 0.91 * NOMINAL_V, values[quantity])
    kept = np.ones(SLOTS, dtype=bool)
    kept[MISSING] = False
    return PointMonth(
        point=QualityPoint(
            service_point="SP-1024",
            meter=MeterId("000010240001"),
            name="10 kV Chengnan line 1024",
            customer="城南轧钢厂 Chengnan Rolling Mill",
            wiring=Wiring.THREE_PHASE_FOUR_WIRE,
            zone=ZONE,
            nominal_v=NOMINAL_V,
            nominal_kv=10.0,
            ct=60.0,
            pt=100.0,
            rated_current_a=300.0,
            supply=Supply(
                service_point="SP-1024",
                short_circuit_mva=200.0,
                agreed_mva=5.0,
                equipment_mva=20.0,
                point_class=PointClass.C,
            ),
            point_class=PointClass.C,
            instrument=Instrument(model="DTSD-10", serial="000010240001", accuracy_class="0.5S"),
        ),
        month=date(2026, 6, 1),
        starts_at=BEGIN,
        ends_at=END,
        period_s=900.0,
        taken_at=times[kept],
        values={quantity: column[kept] for quantity, column in values.items()},
        spectrum_period_s=900.0,
        spectrum_at=times[kept],
        spectra={
            Quantity.VOLTAGE_HARMONIC_A: spectra[0][kept],
            Quantity.VOLTAGE_HARMONIC_B: spectra[1][kept],
            Quantity.VOLTAGE_HARMONIC_C: spectra[2][kept],
            Quantity.CURRENT_HARMONIC_A: 1.8 * spectra[0][kept],
            Quantity.CURRENT_HARMONIC_B: 1.8 * spectra[1][kept],
            Quantity.CURRENT_HARMONIC_C: 1.8 * spectra[2][kept],
        },
        outages=[OUTAGE],
        events=[
            MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=OUTAGE[0], ends_at=OUTAGE[1]),
            MeterEvent(
                kind=EventKind.UNDERVOLTAGE,
                part="a",
                number=1,
                starts_at=BEGIN + timedelta(days=4, hours=8),
                ends_at=BEGIN + timedelta(days=4, hours=11),
            ),
        ],
    )


def _spectrum(day: NDArray[np.float64], noise: NDArray[np.float64], fifth: float) -> NDArray[np.float64]:
    """Return orders 0 to 21: a six-pulse converter's, strongest when the load is (``day`` low)."""
    rows = np.zeros((SLOTS, 22))
    rows[:, 1] = 100.0
    for order in range(2, 22):
        share = 5.0 / order if order % 6 in {1, 5} else 0.06
        rows[:, order] = np.maximum(
            fifth * share * (1.0 - 0.25 * day) * (0.4 if order > 5 else 1.0) + 0.03 * noise, 0.0
        )
    return rows.round(2)


def _total(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the THD that a meter shows for orders 2 to 21, to 0.01 %."""
    total: NDArray[np.float64] = np.sqrt((spectrum[:, 2:] ** 2).sum(axis=1)).round(2)
    return total


def judgements() -> list[Judgement]:
    """Return verdicts written by hand: one order violates, one is open, one does not apply."""
    return [
        Judgement(
            check="voltage_deviation",
            verdict=Compliance.NOT_DECIDABLE,
            reference=GB12325,
            value=-9.0,
            unit="%",
            limit=7.0,
            low_limit=-7.0,
            evidence=Evidence(
                n=PRESENT,
                coverage=COVERAGE,
                phase="A",
                at=BEGIN + timedelta(days=4, hours=7, minutes=30),
                if_missing_good=Compliance.COMPLIANT,
                if_missing_bad=Compliance.VIOLATING,
            ),
            reasons=(Reason(key="low_coverage", parameters={"coverage_percent": 76.7}),),
            figures={"qualified_percent": 99.46, "under_minutes": 180.0, "over_minutes": 0.0},
        ),
        Judgement(
            check="harmonic_voltage",
            subject="thd",
            verdict=Compliance.COMPLIANT,
            reference=GB14549,
            value=3.602,
            unit="%",
            limit=4.0,
            evidence=Evidence(
                n=PRESENT,
                coverage=COVERAGE,
                rank=2098,
                phase="A",
                if_missing_good=Compliance.COMPLIANT,
                if_missing_bad=Compliance.COMPLIANT,
            ),
        ),
        Judgement(
            check="harmonic_voltage",
            subject="h5",
            verdict=Compliance.VIOLATING,
            reference=GB14549,
            value=3.739,
            unit="%",
            limit=3.2,
            evidence=Evidence(
                n=PRESENT,
                coverage=COVERAGE,
                rank=2098,
                phase="A",
                at=WORST_AT,
                if_missing_good=Compliance.VIOLATING,
                if_missing_bad=Compliance.VIOLATING,
            ),
        ),
        Judgement(
            check="harmonic_voltage",
            subject="h7",
            verdict=Compliance.COMPLIANT,
            reference=GB14549,
            value=1.080,
            unit="%",
            limit=3.2,
            evidence=Evidence(
                n=PRESENT,
                coverage=COVERAGE,
                rank=2098,
                phase="A",
                if_missing_good=Compliance.COMPLIANT,
                if_missing_bad=Compliance.COMPLIANT,
            ),
        ),
        Judgement(
            check="harmonic_current",
            subject="h5",
            verdict=Compliance.COMPLIANT,
            reference=GB14549,
            value=11.4,
            unit="A",
            limit=12.599210,
            formula="20 A × 200/100 × (5/20)^(1/1.2) = 12.60 A",
            evidence=Evidence(n=PRESENT, coverage=COVERAGE, rank=2098, phase="C"),
            figures={"max": 12.9, "mean": 7.2, "min": 1.1},
        ),
        Judgement(
            check="unbalance",
            verdict=Compliance.NOT_APPLICABLE,
            reasons=(Reason(key="absent", parameters={"quantity": "phase_angle_b"}),),
        ),
        Judgement(
            check="events",
            verdict=Compliance.NOT_APPLICABLE,
            figures={
                "events": [
                    {"kind": "dip", "duration_s": 0.11, "residual_percent": 62.0, "bears": {"ITIC": False}},
                    {"kind": "dip", "duration_s": 0.06, "residual_percent": 81.5, "bears": {"ITIC": True}},
                ]
            },
        ),
    ]


def quality_report() -> MonthlyReport:
    """Return the report on the month, as a flow would hand it over."""
    return MonthlyReport(
        month=quality_month(),
        judgements=judgements(),
        made_at=datetime(2026, 7, 2, 1, tzinfo=UTC),
        issuer="Metering office 计量中心",
        query="kilowatch quality --point SP-1024 --month 2026-06",
        parts=PARTS,
    )
