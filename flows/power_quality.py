"""Power quality (电能质量): the verdicts of a month against the standards, once a month and on demand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import quality
from services.network_voltage import network_stored
from services.quality_report import Wish, report_stored


@task(cache_policy=NO_CACHE, retries=1)
def judge_month(wish: Wish) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Judge a month, keep the verdicts, open episodes, write what is wished for.

    Returns a line a point, and a line a class of the network's voltages; of some points alone none.
    """
    network, rows = network_stored(), []
    for reported in report_stored(wish):
        network.add(reported.point)
        rows.append(quality.row_of(reported.point))
    return quality.worst_first(rows), [] if wish.points else network.rows()


@flow(name="power_quality")
def power_quality(  # noqa: PLR0913 - a form with all its fields
    month: date | None = None,
    service_points: list[str] | None = None,
    report_folder: str | None = None,
    *,
    pdf: bool = True,
    responsible: str = "",
    due_days: int = 90,
) -> int:
    """Judge a month of every service point or of some: that of a day, or the last one that is over.

    With ``report_folder`` each point's report is written into a folder of its own there. Where somebody is
    ``responsible``, a rectification (整改) is opened of each violation, due in ``due_days`` days.
    """
    rows, network = judge_month(
        Wish(
            month=None if month is None else month.replace(day=1),
            points=service_points,
            out=None if report_folder is None else Path(report_folder),
            pdf=pdf,
            responsible=responsible,
            due_days=due_days,
        )
    )
    create_table_artifact(
        key="power-quality",
        table=rows,
        description="Verdicts on power quality, violating service points first"
        + ("" if report_folder is None else f"; reports in {report_folder}"),
    )
    if network:
        create_table_artifact(
            key="power-quality-network",
            table=network,
            description="Voltage qualification rates (电压合格率) by class of point, and the network's",
        )
    return len(rows)
