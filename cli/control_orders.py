"""The orders of ``kilowatch control``: each is shown, or filed for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

import typer

from cli.control_output import print_dry_run, print_requested
from cli.output import JsonFlag

app = typer.Typer(
    name="control",
    help="Change meters (远程控制): off by default, by two persons, every step audited. See docs/control.md.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Url: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="dlt645+tcp://HOST:PORT/ADDRESS or dlt645+serial:///dev/ttyUSB0/ADDRESS?baudrate=2400; "
        "?profile=dlt645_1997 for a meter of 1997",
    ),
]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Print the frame field by field, the password hidden; send nothing.")
]
Name: TypeAlias = Annotated[
    str,
    typer.Option("--name", help="Your name for the audit, beside the account that you are logged in with."),
]
Level: TypeAlias = Annotated[
    int | None, typer.Option(min=0, max=9, help="Class of the password, where it is not the usual one.")
]

EXAMPLE_URL = "dlt645+tcp://127.0.0.1:8600/000000000101"


def ask_for(  # noqa: PLR0913 - what every order of the command has
    kind: str, url: str, arguments: Mapping[str, object], *, name: str, dry_run: bool, as_json: bool
) -> None:
    """Show an order's frames, or file it for a second person."""
    from services.control import OrderDesk
    from services.control_settings import load_control_settings
    from services.order_record import Order
    from services.persons import this_person

    given = {key: str(value) for key, value in arguments.items() if value not in (None, "")}
    order = Order(kind=kind, url=url, arguments=given)
    control = OrderDesk(settings=load_control_settings(), person=this_person(name))
    frames = control.dry_run(order)
    if dry_run:
        print_dry_run(frames, as_json=as_json)
        return
    print_requested(control.request(order), frames, as_json=as_json)


@app.command("write")
def write(  # noqa: PLR0913 - the options of one order
    url: Url,
    identifier: Annotated[str, typer.Argument(help="DI3 to DI0, such as 04000103; four digits in 1997.")],
    value: Annotated[str, typer.Argument(help="As `kilowatch decode` shows it; fields with commas.")] = "",
    *,
    raw: Annotated[str, typer.Option(help="Instead: the bytes in hex, wire order, for any identifier.")] = "",
    level: Level = None,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for writing a parameter (写数据).

    Example: kilowatch control write dlt645+tcp://127.0.0.1:8600/000000000101 04000103 15
    """
    arguments = {"identifier": identifier.upper(), "value": value, "raw": raw, "level": level}
    ask_for("write", url, arguments, name=name, dry_run=dry_run, as_json=as_json)


@app.command("relay")
def relay(  # noqa: PLR0913 - the options of one order
    url: Url,
    order: Annotated[str, typer.Argument(help="open, permit, close, open-then-permit or open-then-close")],
    *,
    delay_min: Annotated[int, typer.Option(help="How long the relay stays open, in steps of 5 minutes.")] = 0,
    valid_min: Annotated[int, typer.Option(help="Later than this the meter does not obey any more.")] = 10,
    level: Level = None,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for opening or closing a customer's relay (跳合闸).

    Example: kilowatch control relay dlt645+tcp://127.0.0.1:8600/000000000101 open --name "Li Wei"
    """
    arguments = {"order": order, "delay_min": delay_min, "valid_min": valid_min, "level": level}
    ask_for("relay", url, arguments, name=name, dry_run=dry_run, as_json=as_json)


def _switch(kind: str, help_text: str) -> None:
    """Add an order that is on or off."""

    @app.command(kind, help=help_text + f"\n\nExample: kilowatch control {kind} {EXAMPLE_URL} on")
    def switch(  # noqa: PLR0913 - the options of one order
        url: Url,
        order: Annotated[str, typer.Argument(help="on or off")],
        *,
        level: Level = None,
        name: Name = "",
        dry_run: DryRun = False,
        as_json: JsonFlag = False,
    ) -> None:
        ask_for(kind, url, {"order": order, "level": level}, name=name, dry_run=dry_run, as_json=as_json)


def _clear(kind: str, help_text: str) -> None:
    """Add an order that says nothing beside its password."""

    @app.command(kind, help=help_text + f"\n\nExample: kilowatch control {kind} {EXAMPLE_URL} --dry-run")
    def clear(
        url: Url,
        *,
        level: Level = None,
        name: Name = "",
        dry_run: DryRun = False,
        as_json: JsonFlag = False,
    ) -> None:
        ask_for(kind, url, {"level": level}, name=name, dry_run=dry_run, as_json=as_json)


_switch("alarm", "Ask for raising or ending the alarm (报警).")
_switch("guard", "Ask for guarding a supply (保电), or for ending that.")
_clear("demand-reset", "Ask for resetting the maximum demand (最大需量清零).")
_clear("meter-clear", "Ask for clearing every register of a meter (电表清零): not to be undone.")


@app.command("freeze")
def freeze(  # noqa: PLR0913 - the options of one order
    url: Url,
    moment: Annotated[str, typer.Argument(help="MMDDhhmm, 99 = every: 99999999 now, 99990000 daily.")],
    *,
    to_all: Annotated[
        bool, typer.Option("--broadcast", help="Every meter of the line; none answers.")
    ] = False,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for freezing registers (冻结).

    Example: kilowatch control freeze dlt645+tcp://127.0.0.1:8600/000000000101 99999999
    """
    arguments = {"moment": moment, "all": "yes" if to_all else ""}
    ask_for("freeze", url, arguments, name=name, dry_run=dry_run, as_json=as_json)


@app.command("event-clear")
def event_clear(  # noqa: PLR0913 - the options of one order
    url: Url,
    identifier: Annotated[str, typer.Argument(help="One event, such as 03110000; all when left out.")] = "",
    *,
    level: Level = None,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for clearing event records (事件清零).

    Example: kilowatch control event-clear dlt645+tcp://127.0.0.1:8600/000000000101 03110000
    """
    arguments = {"identifier": identifier.upper(), "level": level}
    ask_for("event-clear", url, arguments, name=name, dry_run=dry_run, as_json=as_json)


@app.command("address")
def address(
    url: Url,
    new: Annotated[str, typer.Argument(help="The new address; the meter must be alone on its line.")],
    *,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for giving a meter another address (写通信地址).

    Example: kilowatch control address dlt645+tcp://127.0.0.1:8600/000000000101 000000000202
    """
    ask_for("address", url, {"address": new}, name=name, dry_run=dry_run, as_json=as_json)


@app.command("rate")
def rate(
    url: Url,
    baudrate: Annotated[int, typer.Argument(help="600, 1200, 2400, 4800, 9600 or 19200 bit/s")],
    *,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for changing a meter's rate (更改通信速率).

    Example: kilowatch control rate 'dlt645+serial:///dev/ttyUSB0/000000000101?baudrate=2400' 9600
    """
    ask_for("rate", url, {"baudrate": baudrate}, name=name, dry_run=dry_run, as_json=as_json)


@app.command("password")
def password(  # noqa: PLR0913 - the options of one order
    url: Url,
    changed: Annotated[int, typer.Argument(metavar="CLASS", min=0, max=9, help="Whose password changes.")],
    *,
    level: Level = None,
    name: Name = "",
    dry_run: DryRun = False,
    as_json: JsonFlag = False,
) -> None:
    """Ask for changing a password (修改密码); the new one comes from KILOWATCH_NEW_METER_PASSWORD(_FILE).

    Example: kilowatch control password dlt645+tcp://127.0.0.1:8600/000000000101 4
    """
    ask_for("password", url, {"class": changed, "level": level}, name=name, dry_run=dry_run, as_json=as_json)
