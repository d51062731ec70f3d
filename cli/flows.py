"""``kilowatch flows``: the Prefect flows."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from cli.output import JsonFlag, print_done, print_json, print_table

if TYPE_CHECKING:
    from services.flow_status import FlowStatus

app = typer.Typer(no_args_is_help=True)


@app.callback()
def quiet() -> None:
    """Run or deploy the scheduled flows (Prefect)."""
    from services.flow_server import QUIET

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


@app.command()
def serve(
    limit: Annotated[int, typer.Option(min=1, help="How many flow runs at a time.")] = 2,
) -> None:
    """Run every flow on its schedule on this machine; PREFECT_API_URL names the server.

    Example: PREFECT_API_URL=http://127.0.0.1:4200/api kilowatch flows serve
    """
    import logging
    import os

    from cli.logs import log_on_stderr
    from services.log_lines import for_flow_runs
    from services.settings import load_settings

    form = load_settings().log_format
    log_on_stderr(form)
    # Flow runs are processes of their own, and Prefect reads this as it is imported.
    os.environ |= for_flow_runs(form)
    from flows.deploy import serve_here

    server = os.environ.get("PREFECT_API_URL", "as Prefect's profile names it")
    logging.getLogger("kilowatch.flows").info("flows.serving", extra={"limit": limit, "server": server})
    serve_here(limit)


@app.command()
def run(
    names: Annotated[
        list[str],
        typer.Argument(help="Such as remote_reading; one after another. `kilowatch flows list` names them."),
    ],
    *,
    parameters: Annotated[str, typer.Option(help="The parameters of each, as JSON.")] = "{}",
    as_json: JsonFlag = False,
) -> None:
    """Start deployed flows now, outside their schedules, and wait for their end.

    Example: kilowatch flows run remote_reading --parameters '{"backfill_days": 2}'
    """
    from flows.run_now import run_now

    try:
        given = orjson.loads(parameters)
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"--parameters is no JSON: {error}") from error
    for name in names:
        state = run_now(name, given)
        print_done(f"{name}: {state.name}", {"flow": name, "state": state.name}, as_json=as_json)
        if not state.is_completed():
            raise typer.Exit(1)


@app.command()
def deploy(
    *,
    work_pool: Annotated[
        str | None,
        typer.Option(help="The work pool whose workers run the flows; default: KILOWATCH_FLOW_WORK_POOL."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell the server every flow, its schedule and its limits; the same again changes nothing.

    The work pool is made if it is missing. Flows that are gone are removed.

    Example: kilowatch flows deploy --work-pool field
    """
    from flows.deploy import deploy_to

    changes = deploy_to(work_pool)
    print_done("\n".join(changes or ["nothing to change"]), {"changes": changes}, as_json=as_json)


@app.command("list")
def list_flows(*, as_json: JsonFlag = False) -> None:
    """List the flows and their schedules; needs no server.

    Example: kilowatch flows list
    """
    from flows.schedule import FLOWS
    from services.flow_settings import load_flow_settings

    zone = load_flow_settings().flow_zone
    rows = [(name, entry.cron, zone, entry.zh) for name, entry in FLOWS.all().items()]
    if as_json:
        for name, cron, of_zone, zh in rows:
            print_json({"flow": name, "cron": cron, "zone": of_zone, "description": zh})
        return
    print_table("Flows", ["flow", "schedule", "zone", "description"], rows)


@app.command()
def status(*, as_json: JsonFlag = False) -> None:
    """Show the last and the next run of every deployed flow; exit status 1 when one is late or failed.

    Example: kilowatch flows status --json
    """
    from services.flow_status import flow_statuses

    found = asyncio.run(flow_statuses())
    if as_json:
        for each in found:
            print_json(_as_json(each))
    else:
        print_table(
            "Flows", ["flow", "last run", "state", "took", "next run", "late"], [_row(each) for each in found]
        )
        if not found:
            typer.echo("no flow is deployed: run `kilowatch flows deploy` or `kilowatch flows serve`")
    if not found or any(each.is_bad for each in found):
        raise typer.Exit(1)


def _row(each: FlowStatus) -> list[str]:
    return [
        f"{each.flow}/{each.deployment}" + (" (paused)" if each.is_paused else ""),
        "-" if each.last_at is None else f"{each.last_at:%Y-%m-%d %H:%M:%S}Z",
        "Running" if each.running else each.last_state or "-",
        "-" if each.last_took is None else f"{each.last_took.total_seconds():.1f} s",
        "-" if each.next_at is None else f"{each.next_at:%Y-%m-%d %H:%M}Z",
        str(each.late or "-"),
    ]


def _as_json(each: FlowStatus) -> dict[str, object]:
    return {
        "flow": each.flow,
        "deployment": each.deployment,
        "crons": list(each.crons),
        "zone": each.zone,
        "paused": each.is_paused,
        "last_at": each.last_at,
        "last_state": each.last_state,
        "last_took_s": None if each.last_took is None else each.last_took.total_seconds(),
        "running": each.running,
        "next_at": each.next_at,
        "late": each.late,
    }
