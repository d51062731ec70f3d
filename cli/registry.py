"""``kilowatch registry``: the archive (档案) of meters, contracts and suspensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.output import JsonFlag, print_fields, print_json
from pipeline.errors import RegistryError

app = typer.Typer(help="Import, export and check the archive (档案).", no_args_is_help=True)

RegistryFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A registry file (.toml).")]


@app.command("import")
def import_(file: RegistryFile, *, as_json: JsonFlag = False) -> None:
    """Import a registry file into the database; nothing is imported when one entry is wrong.

    What the file only names stays as it is. Of a meter, service point, tariff or total for which it has
    installations, ratios, contracts, versions or members it must have all of them: others are removed.
    A running collector keeps the archive that it started with: restart it.

    Example: kilowatch registry import site.toml
    """
    from services import archive

    def run() -> Mapping[str, int]:
        imported = archive.import_file(file)
        for table, count in imported.removed.items():
            typer.echo(f"removed: {count} [[{table}]] that the file no longer has of what it names", err=True)
        return imported.counts

    _report(run, as_json=as_json)


@app.command()
def check(file: RegistryFile, *, as_json: JsonFlag = False) -> None:
    """Check a registry file as ``import`` would; without a database in the settings as a whole archive.

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

    _report(lambda: archive.export_file(file), as_json=as_json)


def _report(run: Callable[[], Mapping[str, int]], *, as_json: bool) -> None:
    try:
        counts = run()
    except RegistryError as error:
        _show_problems(error, as_json=as_json)
        raise typer.Exit(1) from None
    if as_json:
        print_json({"counts": counts, "errors": []})
    else:
        print_fields(dict(counts))


def _show_problems(error: RegistryError, *, as_json: bool) -> None:
    if as_json:
        print_json({"counts": {}, "errors": [asdict(problem) for problem in error.problems]})
        return
    for problem in error.problems:
        typer.echo(f"error: {problem}", err=True)
    found = f"{len(error.problems)} mistake{'s' if len(error.problems) > 1 else ''}"
    typer.echo(f"{found}; nothing was imported. Mend the file and run this again.", err=True)
