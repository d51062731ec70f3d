"""Power quality (电能质量): the verdicts of a month against the standards, once a month and on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from prefect import flow

from flows.critical import tell_critical_episodes
from flows.parameters import Folder, MonthOf, Pdf, told
from flows.results import show
from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services import quality
from services.network_voltage import network_stored
from services.quality_report import Wish, report_stored


@step
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
    month: MonthOf = None,
    service_points: Annotated[
        list[str] | None,
        told("Service points (供电点)", "Only these; empty: all (仅评定这些供电点)"),
    ] = None,
    report_folder: Folder = None,
    *,
    pdf: Pdf = True,
    responsible: Annotated[
        str,
        told("Responsible (责任人)", "Who rectifies violations; empty: none is opened"),
    ] = "",
    due_days: Annotated[
        int,
        told("Due in days (整改期限)", "Days until a violation is rectified", ge=1, le=730),
    ] = 90,
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
    tell_critical_episodes()
    show(
        key="power-quality",
        rows=rows,
        description="Verdicts on power quality, violating service points first"
        + ("" if report_folder is None else f"; reports in {report_folder}"),
        page="/quality",
    )
    if network:
        show(
            key="power-quality-network",
            rows=network,
            description="Voltage qualification rates (电压合格率) by class of point, and the network's",
            page="/quality",
        )
    return len(rows)


scheduled(
    Scheduled(
        flow=power_quality,
        cron="33 7 1,2 * *",
        zh="电能质量：按国家标准逐月评定各供电点。",
    )
)
