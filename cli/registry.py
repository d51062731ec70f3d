"""``kilowatch registry``: the archive (档案) of meters, contracts and suspensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.output import JsonFlag, print_fields, print_json
from pipeline.errors import RegistryError

if TYPE_CHECKING:
    from services.archive import Imported

app = typer.Typer(help="Import, export and check the archive (档案).", no_args_is_help=True)

_SHOWN: Final = 3
"""Of what an entry had before, so many are told."""
RegistryFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A registry file (.toml).")]


@app.command("import")
def import_(file: RegistryFile, *, as_json: JsonFlag = False) -> None:
    """Import a registry file into the database; nothing is imported when one entry is wrong.

    What the file only names stays as it is. Of a meter, service point, tariff or total for which it has
    installations, ratios, contracts, versions or members it must have all of them: others are removed. A
    key that an entry leaves out goes back to its default. Both are told, and new areas that are only named.
    A running collector keeps the archive that it started with: restart it.

    Example: kilowatch registry import site.toml
    """
    from services import archive

    _report(lambda: archive.import_file(file), as_json=as_json)


@app.command()
def check(file: RegistryFile, *, as_json: JsonFlag = False) -> None:
    """Check a registry file and tell what ``import`` would do; nothing is stored.

    Without a database in the settings the file is checked as a whole archive.

    Example: kilowatch registry check site.toml --json
    """
    from services import archive

    _report(lambda: archive.check_file(file), as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write (.toml).")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """Write the database's archive to a file that ``import`` takes back.

    Example: kilowatch registry export site.toml
    """
    from services import archive

    counts = archive.export_file(file)
    if as_json:
        print_json({"counts": counts, "errors": []})
    else:
        print_fields(dict(counts))


def _report(run: Callable[[], Imported], *, as_json: bool) -> None:
    try:
        imported = run()
    except RegistryError as error:
        _show_problems(error, as_json=as_json)
        raise typer.Exit(1) from None
    for notice in _notices(imported):
        typer.echo(notice, err=True)
    if not as_json:
        print_fields(dict(imported.counts))
        return
    print_json(
        {
            "counts": imported.counts,
            "errors": [],
            "removed": imported.removed,
            "resets": [
                {
                    "table": reset.table,
                    "key": reset.key,
                    "default": _as_json(reset.default),
                    "entries": {name: _as_json(value) for name, value in reset.entries.items()},
                }
                for reset in imported.resets
            ],
            "areas_made": [{"id": area.id, "zone": area.zone.key} for area in imported.areas_made],
        }
    )


def _notices(imported: Imported) -> Iterator[str]:
    """Yield what an import does besides what the file says."""
    for table, count in imported.removed.items():
        yield f"removed: {count} [[{table}]] that the file no longer has of what it names"
    for reset in imported.resets:
        shown = [f"{name} had {value}" for name, value in reset.entries.items()][:_SHOWN]
        more = ["..."] if len(reset.entries) > _SHOWN else []
        yield (
            f"back to its default: key {reset.key!r} of {len(reset.entries)} [[{reset.table}]], now "
            f"{reset.default!r} ({'; '.join([*shown, *more])})"
        )
    for area in imported.areas_made:
        yield f"made: [[area]] {area.id}, which the file only names; its zone is {area.zone.key}"


def _as_json(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _show_problems(error: RegistryError, *, as_json: bool) -> None:
    if as_json:
        print_json({"counts": {}, "errors": [asdict(problem) for problem in error.problems]})
        return
    for problem in error.problems:
        typer.echo(f"error: {problem}", err=True)
    found = f"{len(error.problems)} mistake{'s' if len(error.problems) > 1 else ''}"
    typer.echo(f"{found}; nothing was imported. Mend the file and run this again.", err=True)
