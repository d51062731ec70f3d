"""``kilowatch alarms``: what is wrong now as incidents, whom it was told, and whether channels work."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.output import JsonFlag, print_done, print_fields, print_json, print_table
from pipeline.alarms.records import Language

app = typer.Typer(help="Incidents (告警), and the channels they are told by.", no_args_is_help=True)


@app.command()
def watch(
    every: Annotated[
        float, typer.Option(min=5, help="Look after so many seconds at the latest, also when nothing is new.")
    ] = 60.0,
) -> None:
    """Watch alarms until stopped (Ctrl-C): look as soon as episodes are new, and send what is due.

    Example: kilowatch alarms watch
    """
    from cli.logs import log_on_stderr
    from services.alarm_watch import watch_alarms
    from services.settings import load_settings

    settings = load_settings()
    log_on_stderr(settings.log_format)
    watch_alarms(settings, every_s=every)
    typer.echo("stopped")


@app.command()
def run(*, as_json: JsonFlag = False) -> None:
    """Work out the incidents and send what is due, once. The flow does the same.

    Example: kilowatch alarms run
    """
    from services.alarms import raise_alarms

    done = asdict(raise_alarms())
    if as_json:
        print_json(done)
    else:
        print_fields({**done["looked"], **done["delivered"]})


@app.command("list")
def list_incidents(
    *,
    every_state: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    language: Annotated[Language, typer.Option(help="Of causes and places.")] = Language.ENGLISH,
    as_json: JsonFlag = False,
) -> None:
    """List incidents, the gravest first.

    Example: kilowatch alarms list --all
    """
    from alerts.wording import name_of, place_named, said
    from pipeline.model import EVERYTHING
    from services.settings import load_settings
    from storage.dashboard_incidents import IncidentFilter, incident_cards
    from storage.database import connect

    wanted = IncidentFilter(state=None if every_state else "open")
    with connect(load_settings().require_database_url()) as connection:
        cards = incident_cards(connection, wanted, scope=EVERYTHING, limit=limit)
    if as_json:
        for card in cards:
            print_json(asdict(card))
        return
    columns = (
        "incident",
        "severity",
        "cause",
        "place",
        "state",
        "since",
        "findings",
        "meters",
        "taken on by",
    )
    print_table(
        f"{len(cards)} incidents",
        columns,
        [
            [
                card.id,
                said(f"severity_{card.severity}", language),
                name_of("cause", card.cause, language),
                place_named(card.place, language),
                card.state,
                card.starts_at,
                card.signals,
                card.meters,
                card.acknowledged_by,
            ]
            for card in cards
        ],
    )


@app.command()
def ack(
    incident: Annotated[str, typer.Argument(help="Its id, as 'kilowatch alarms list' shows it.")],
    *,
    note: Annotated[str, typer.Option(help="What is being done.")] = "",
    name: Annotated[str, typer.Option(help="What you call yourself, for the record.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Take an incident on (确认): it is not told any higher.

    Example: kilowatch alarms ack 0a1b2c3d4e5f6071 --note "crew is on its way"
    """
    from services.alarms import acknowledge
    from services.persons import this_person
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect

    with connect(load_settings().require_database_url()) as connection:
        acknowledge(connection, incident, this_person(name), utc_now(), note)
    print_done(f"{incident}: acknowledged", {"id": incident, "acknowledged": True}, as_json=as_json)


@app.command("test")
def try_out(
    channel: Annotated[str, typer.Argument(help="The id of an [[alarm_channel]] of the archive.")],
    *,
    language: Annotated[Language, typer.Option(help="Of the message.")] = Language.CHINESE,
    as_json: JsonFlag = False,
) -> None:
    """Send a message over one channel that says that it is a test.

    Example: kilowatch alarms test duty
    """
    from services.alarms import try_channel

    told = try_channel(channel, language)
    print_done(f"{channel}: {told}", {"channel": channel, "told": told}, as_json=as_json)
