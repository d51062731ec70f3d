"""``kilowatch flows``: the Prefect flows."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer

app = typer.Typer(help="Run or deploy the scheduled flows (Prefect).", no_args_is_help=True)


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

    served_by = os.environ.get("PREFECT_API_URL", "a server of its own")
    logging.getLogger("kilowatch.flows").info("flows.serving", extra={"limit": limit, "server": served_by})
    serve_here(limit)


@app.command()
def run(
    names: Annotated[
        list[str],
        typer.Argument(
            help="remote_reading, load_monitoring, voltage_quality, abnormal_use, final_intervals, "
            "maintenance: one after another"
        ),
    ],
    parameters: Annotated[str, typer.Option(help="The parameters of each, as JSON.")] = "{}",
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
        typer.echo(f"{name}: {state.name}")
        if not state.is_completed():
            raise typer.Exit(1)


@app.command()
def deploy(
    work_pool: Annotated[str, typer.Option(help="The work pool whose workers run the flows.")] = "field",
) -> None:
    """Register every flow with a work pool (make one: prefect work-pool create --type process field).

    Example: kilowatch flows deploy --work-pool field
    """
    from flows.deploy import deploy_to

    for name in deploy_to(work_pool):
        typer.echo(name)
