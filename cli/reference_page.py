"""The reference page of the command, from the help that the command itself shows."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer

from cli.main import app

NAME: Final = "commands.md"
HEAD: Final = """<!-- Written by `make reference` from the command's own help; change that, not this page. -->

# The command 命令

`kilowatch COMMAND --help` says the same in a terminal. `--json` gives programs one object a line or one in
all. Exit status: 0 done, 1 found bad input or bad data, 2 wrong usage. Settings come from the environment:
[settings](settings.md).
"""
_EXAMPLE = re.compile(r"^Examples?:\s*(.*)", re.DOTALL)


def command_page() -> str:
    """Return the page: every command with its examples, arguments and options."""
    command: Any = typer.main.get_command(app)  # Any: typer's own tree of commands, which has no public type
    return "\n".join([HEAD, *_group("kilowatch", command.commands, "##")])


def _group(path: str, commands: Mapping[str, Any], mark: str) -> Iterator[str]:  # Any: as above
    for name, command in commands.items():
        yield f"{mark} {path} {name}\n"
        yield from _paragraphs(command.help or "")
        if hasattr(command, "commands"):
            yield from _group(f"{path} {name}", command.commands, f"{mark}#")
        else:
            yield from _parameters([p for p in command.params if not p.hidden])


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        found = _EXAMPLE.match(paragraph)
        if found is None:
            yield " ".join(paragraph.split()) + "\n"
        else:
            lines = [line.strip() for line in found[1].splitlines()]
            yield "\n".join(["```sh", *lines, "```\n"])


def _parameters(parameters: Sequence[Any]) -> Iterator[str]:  # Any: as above
    if not parameters:
        return
    yield "| | | default |"
    yield "|---|---|---|"
    for parameter in parameters:
        option = parameter.param_type_name == "option"
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        shown = names if option else f"`{(parameter.metavar or parameter.name).upper()}`"
        told = " ".join((parameter.help or "").split()).replace("|", "\\|")
        yield f"| {shown} | {told} | {_default(parameter)} |"
    yield ""


def _default(parameter: Any) -> str:  # noqa: ANN401 - typer's own type of parameters is not public
    default = parameter.default
    if parameter.required:
        return "required"
    if callable(default) or default in (None, False, (), []):
        return ""
    if isinstance(default, Path) and default.is_absolute():
        return ""  # it is of the machine on which the page was written
    return "on" if default is True else f"`{getattr(default, 'value', default)}`"


if __name__ == "__main__":
    (Path(sys.argv[1]) / NAME).write_text(command_page(), encoding="utf-8")
