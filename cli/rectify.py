"""``kilowatch rectify``: what follows a violation of power quality until a compliant retest."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, print_fields, print_json, print_table
from pipeline.errors import DataError

if TYPE_CHECKING:
    from pipeline.rectification import ExternalTest, Rectification

app = typer.Typer(help="Rectification (整改) of violations of power quality.", no_args_is_help=True)


class Result(StrEnum):
    """What a test says of the violation."""

    COMPLIANT = "compliant"
    VIOLATING = "violating"


Identifier = Annotated[str, typer.Argument(help="The number that 'kilowatch rectify list' shows.")]
Name = Annotated[str, typer.Option("--name", help="What you call yourself, for the record.")]
Document = Annotated[
    Path, typer.Option("--report", exists=True, dir_okay=False, help="The test's document; its hash is kept.")
]
Tester = Annotated[str, typer.Option("--tester", help="Who measured.")]
Qualification = Annotated[
    str, typer.Option("--qualification", help="Number of their CMA or CNAS certificate.")
]
Dated = Annotated[datetime, typer.Option("--dated", formats=["%Y-%m-%d"], help="Day of the test.")]


@app.command("list")
def list_(
    *,
    point: Annotated[str, typer.Option("--point", help="Only those of one service point.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List what is being put right, the one due first first.

    Example: kilowatch rectify list --point SP-1024
    """
    from datetime import UTC

    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect
    from storage.rectifications import rectifications

    since = datetime(1970, 1, 1, tzinfo=UTC) if every else None
    with connect(load_settings().require_database_url()) as connection:
        found = rectifications(connection, service_point=point or None, closed_since=since)
    if as_json:
        for rectification in found:
            print_json(_document(rectification))
        return
    today = utc_now().astimezone().date()
    print_table(
        f"{len(found)} rectifications",
        ("number", "point", "violation", "state", "due", "responsible", "measures"),
        [
            [
                r.id,
                r.service_point,
                f"{r.violation.month:%Y-%m} {r.violation.check} {r.violation.subject}".strip(),
                f"{r.state.value}{', overdue' if r.is_overdue(today) else ''}",
                r.due.isoformat(),
                r.responsible,
                r.measures,
            ]
            for r in found
        ],
    )


@app.command("open")
def open_(  # noqa: PLR0913 - a command with all its options
    report: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A monthly report.json.")],
    *,
    due: Annotated[datetime, typer.Option("--due", formats=["%Y-%m-%d"], help="Until when.")],
    responsible: Annotated[str, typer.Option("--responsible", help="Who puts it right.")],
    check: Annotated[str, typer.Option("--check", help="Only violations of this check.")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Only this figure of it: h5, thd, A.")] = "",
    standard: Annotated[
        str,
        typer.Option(
            "--standard", help="Only those by a standard whose name begins so; without it, by binding ones."
        ),
    ] = "",
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """Open rectifications for the violations of a monthly report; those under way already are told.

    Example: kilowatch rectify open out/report.json --check harmonic_voltage --due 2026-09-30 --responsible Li
    """
    from services.persons import this_person
    from services.rectification import open_rectification, violations_in
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect

    refused = 0
    with connect(load_settings().require_database_url()) as connection:
        point, violations = violations_in(report, check=check, subject=subject, standard=standard)
        for violation in violations:
            try:
                opened = open_rectification(
                    connection,
                    point,
                    violation,
                    responsible=responsible,
                    due=due.date(),
                    person=this_person(name),
                    now=utc_now(),
                )
            except DataError as error:
                typer.echo(f"error: {error}", err=True)
                refused += 1
                continue
            _print(opened, as_json=as_json)
    if refused:
        raise typer.Exit(1)


@app.command("note")
def note(  # noqa: PLR0913 - a command with all its options
    identifier: Identifier,
    *,
    responsible: Annotated[str | None, typer.Option("--responsible", help="Who puts it right now.")] = None,
    due: Annotated[
        datetime | None, typer.Option("--due", formats=["%Y-%m-%d"], help="Until when now.")
    ] = None,
    measures: Annotated[str | None, typer.Option("--measures", help="What is done about it.")] = None,
    document: Annotated[
        Path | None,
        typer.Option("--report", exists=True, dir_okay=False, help="A test that confirms the violation."),
    ] = None,
    tester: Tester = "",
    qualification: Qualification = "",
    dated: Annotated[
        datetime | None, typer.Option("--dated", formats=["%Y-%m-%d"], help="Day of the test.")
    ] = None,
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """Note measures, another date, another person, or an external test that confirms the violation.

    Example: kilowatch rectify note 0a1b2c3d4e5f --measures "reactors before the capacitors"
    """
    from services.persons import this_person
    from services.rectification import external_test, note_rectification
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect

    test: ExternalTest | None = None
    if document is not None:
        if dated is None:
            raise typer.BadParameter("a test has a day: --dated YYYY-MM-DD")
        test = external_test(
            document, tester=tester, qualification=qualification, dated=dated.date(), compliant=False
        )
    with connect(load_settings().require_database_url()) as connection:
        after = note_rectification(
            connection,
            identifier,
            this_person(name),
            utc_now(),
            responsible=responsible,
            due=None if due is None else due.date(),
            measures=measures,
            first_test=test,
        )
    _print(after, as_json=as_json)


@app.command("retest")
def retest(  # noqa: PLR0913 - a command with all its options
    identifier: Identifier,
    result: Annotated[Result, typer.Argument(help="What the retest says.")],
    *,
    document: Document,
    tester: Tester,
    qualification: Qualification,
    dated: Dated,
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """File a retest; a compliant one closes the rectification.

    Example: kilowatch rectify retest 0a1b2c3d4e5f compliant --report test.pdf --tester "Provincial institute"
    --qualification "CMA 2026-0117" --dated 2026-09-18
    """
    from services.persons import this_person
    from services.rectification import external_test, retest_rectification
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect

    test = external_test(
        document,
        tester=tester,
        qualification=qualification,
        dated=dated.date(),
        compliant=result is Result.COMPLIANT,
    )
    with connect(load_settings().require_database_url()) as connection:
        after = retest_rectification(connection, identifier, test, this_person(name), utc_now())
    _print(after, as_json=as_json)


@app.command("history")
def history(identifier: Identifier, *, as_json: JsonFlag = False) -> None:
    """Show who changed what of a rectification, and when.

    Example: kilowatch rectify history 0a1b2c3d4e5f
    """
    from dataclasses import asdict

    from services.settings import load_settings
    from storage.database import connect
    from storage.rectifications import changes_of

    with connect(load_settings().require_database_url()) as connection:
        changes = changes_of(connection, identifier)
    if not changes:
        raise DataError(
            f"there is no rectification {identifier!r}; 'kilowatch rectify list --all' shows them"
        )
    if as_json:
        for change in changes:
            print_json(asdict(change))
        return
    print_table("", ("at", "who", "event", "what"), [[c.at, c.person, c.event, c.detail] for c in changes])


def _print(rectification: Rectification, *, as_json: bool) -> None:
    document = _document(rectification)
    if as_json:
        print_json(document)
    else:
        print_fields({name: value for name, value in document.items() if value is not None and value != ""})


def _document(rectification: Rectification) -> dict[str, object]:
    from dataclasses import asdict

    violation = asdict(rectification.violation)
    rest = {name: value for name, value in asdict(rectification).items() if name != "violation"}
    return {**rest, **{f"violation_{name}": value for name, value in violation.items()}}
