"""The page of the command names every command that there is, with its example."""

import re

import typer

from cli.main import app
from cli.reference_page import command_page


def test_every_command_has_a_section_and_an_example() -> None:
    page = command_page()
    command = typer.main.get_command(app)
    for name in command.commands:  # type: ignore[attr-defined]  # a group, as the app has sub-commands
        section = re.search(rf"^## kilowatch {name}$(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
        assert section is not None, name
        assert f"kilowatch {name} " in section[1], f"{name} shows no example"


def test_what_is_required_and_what_is_usual_are_told() -> None:
    page = command_page()
    assert "| `URL` | dlt645+tcp://HOST:PORT/ADDRESS" in page
    assert "| `--newest` | With --events: so many records of each kind and phase. | `3` |" in page
