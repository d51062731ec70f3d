"""Voltage quality (电压质量): the qualification rate of each phase and day."""

from __future__ import annotations

from prefect import flow

from flows.parameters import Days
from flows.results import show
from flows.schedule import SKIP, Scheduled, scheduled
from flows.steps import step
from services import assess
from storage.statistics import VoltageDay


@step
def assess_voltage(days: int) -> list[VoltageDay]:
    """Judge every meter's voltages of the last ``days`` local days against its nominal voltage."""
    return assess.voltage_quality(days)


@flow(name="voltage_quality")
def voltage_quality(days: Days = 2) -> int:
    """Assess the last ``days`` days, today included, and keep one row a meter, day and phase."""
    rows = assess_voltage(days)
    show(
        key="voltage-quality",
        rows=assess.worst_voltages(rows),
        description="Meters with the lowest voltage qualification rate",
        page="/quality",
    )
    return len(rows)


scheduled(
    Scheduled(
        flow=voltage_quality,
        cron="17 * * * *",
        zh="电压质量：逐日逐相电压合格率。",
        collision=SKIP,
    )
)
