"""Voltage quality (电压质量): the qualification rate of each phase and day."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import assess
from storage.statistics import VoltageDay


@task(cache_policy=NO_CACHE, retries=1)
def assess_voltage(days: int) -> list[VoltageDay]:
    """Judge every meter's voltages of the last ``days`` local days against its nominal voltage."""
    return assess.voltage_quality(days)


@flow(name="voltage_quality")
def voltage_quality(days: int = 2) -> int:
    """Assess the last ``days`` days, today included, and keep one row a meter, day and phase."""
    rows = assess_voltage(days)
    create_table_artifact(
        key="voltage-quality",
        table=assess.worst_voltages(rows),
        description="Meters with the lowest voltage qualification rate",
    )
    return len(rows)
