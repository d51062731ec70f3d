"""What a flow leaves to be looked at: a table in Prefect, and links to the dashboard's pages about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect.artifacts import create_link_artifact, create_table_artifact

from services.flow_settings import load_flow_settings

Rows = Sequence[dict[str, Any]]  # Any: what a table shows


def show(key: str, rows: Rows, description: str, page: str) -> None:
    """Leave a table, and where the dashboard's address is known a link to one of its pages.

    Args:
        key: Lower-case letters, digits and dashes; the same for every run, which Prefect shows in a row.
        rows: One a line.
        description: What the table holds.
        page: The path of the page, such as ``/episodes``.
    """
    address = load_flow_settings().dashboard_url
    if address is None:
        create_table_artifact(key=key, table=list(rows), description=description)
        return
    link = address.rstrip("/") + page
    create_table_artifact(key=key, table=list(rows), description=f"{description}: [{page}]({link})")
    create_link_artifact(key=f"{key}-page", link=link, link_text=page, description=description)
