"""``kilowatch accounts``: who may log in to the pages, as what, and for which areas."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from cli.output import JsonFlag, print_done, print_json, print_table
from pipeline.accounts import Account, Role

if TYPE_CHECKING:
    from storage.database import Connection

app = typer.Typer(help="Accounts (账号) of the pages and the API.", no_args_is_help=True)

Name: TypeAlias = Annotated[str, typer.Argument(help="The name one logs in with.")]
FullName: TypeAlias = Annotated[str | None, typer.Option("--full-name", help="How the person is called.")]
Areas: TypeAlias = Annotated[
    list[str] | None, typer.Option("--area", help="An area (台区) it sees; repeat for more. None: all.")
]
PasswordFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--password-file", help="Take the password from this file's first line; - is stdin."),
]
Generate: TypeAlias = Annotated[
    bool, typer.Option("--generate", help="Generate the password and print it, once.")
]


@app.command("add")
def add(  # noqa: PLR0913 - a command with all its options
    name: Name,
    *,
    role: Annotated[Role, typer.Option("--role", help="What it may do.")] = Role.VIEWER,
    area: Areas = None,
    full_name: FullName = None,
    password_file: PasswordFile = None,
    generate: Generate = False,
    as_json: JsonFlag = False,
) -> None:
    """Add an account; the password is asked for, never an argument.

    Example: kilowatch accounts add wang --role engineer --area TA-01 --full-name "王芳"
    """
    from services.accounts import NewAccount, add_account
    from services.persons import this_person
    from services.wiring import utc_now

    wanted = NewAccount(
        name=name, role=role, full_name=full_name or "", areas=frozenset(area) if area else None
    )
    with _connected() as connection:
        password = _password(password_file, generate=generate)
        account = add_account(connection, wanted, password, this_person(), utc_now())
    _tell(account, "added", password if generate else None, as_json=as_json)


@app.command("list")
def show(*, as_json: JsonFlag = False) -> None:
    """Show every account.

    Example: kilowatch accounts list
    """
    from storage.accounts import list_accounts

    with _connected() as connection:
        accounts = list_accounts(connection)
    if as_json:
        for account in accounts:
            print_json(_document(account))
        return
    print_table(
        f"{len(accounts)} accounts",
        ("account", "name", "role", "areas", "password set", "shut"),
        [
            (
                account.name,
                account.full_name or "-",
                account.role.value,
                "all" if account.areas is None else sorted(account.areas),
                account.password_set_at,
                account.disabled_at,
            )
            for account in accounts
        ],
    )


@app.command("change")
def change(  # noqa: PLR0913 - a command with all its options
    name: Name,
    *,
    role: Annotated[Role | None, typer.Option("--role", help="What it may do from now on.")] = None,
    area: Areas = None,
    all_areas: Annotated[bool, typer.Option("--all-areas", help="Let it see every area.")] = False,
    full_name: FullName = None,
    as_json: JsonFlag = False,
) -> None:
    """Change what an account may do and see; it holds at once, also for who is logged in.

    Example: kilowatch accounts change wang --role viewer --all-areas
    """
    from services.accounts import change_account, get_account
    from services.persons import this_person
    from services.wiring import utc_now

    if area and all_areas:
        raise typer.BadParameter("--area and --all-areas exclude one another")
    with _connected() as connection:
        before = get_account(connection, name)
        after = replace(
            before,
            role=role or before.role,
            areas=None if all_areas else (frozenset(area) if area else before.areas),
            full_name=before.full_name if full_name is None else full_name,
        )
        account = change_account(connection, after, this_person(), utc_now())
    _tell(account, "changed", as_json=as_json)


@app.command("password")
def password(
    name: Name, *, password_file: PasswordFile = None, generate: Generate = False, as_json: JsonFlag = False
) -> None:
    """Give an account another password and end its sessions.

    Example: kilowatch accounts password wang --generate
    """
    from services.accounts import get_account, set_password
    from services.persons import this_person
    from services.wiring import utc_now

    with _connected() as connection:
        account = get_account(connection, name)
        chosen = _password(password_file, generate=generate)
        set_password(connection, account, chosen, this_person(), utc_now())
    _tell(account, "has another password", chosen if generate else None, as_json=as_json)


@app.command("disable")
def disable(name: Name, *, as_json: JsonFlag = False) -> None:
    """Shut an account: its sessions and tokens end at once, its record stays.

    Example: kilowatch accounts disable wang
    """
    _shut(name, shut=True, as_json=as_json)


@app.command("enable")
def enable(name: Name, *, as_json: JsonFlag = False) -> None:
    """Open an account again.

    Example: kilowatch accounts enable wang
    """
    _shut(name, shut=False, as_json=as_json)


def _shut(name: str, *, shut: bool, as_json: bool) -> None:
    from services.accounts import change_account, get_account
    from services.persons import this_person
    from services.wiring import utc_now

    now = utc_now()
    with _connected() as connection:
        before = get_account(connection, name)
        after = replace(before, disabled_at=now if shut else None)
        account = change_account(connection, after, this_person(), now)
    _tell(account, "is shut" if shut else "is open again", as_json=as_json)


def _connected() -> Connection:
    from services.settings import load_settings
    from storage.database import connect

    return connect(load_settings().require_database_url())


def _password(file: Path | None, *, generate: bool) -> str:
    from services.passwords import generate_password

    if file is not None and generate:
        raise typer.BadParameter("--password-file and --generate exclude one another")
    if generate:
        return generate_password()
    if file is None:
        chosen: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return chosen
    return _first_line(file)


def _first_line(file: Path) -> str:
    from pipeline.errors import ConfigError

    try:
        lines = (sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"no password could be read from {file}: {error}") from error
    if not lines or not lines[0]:
        raise ConfigError(f"{file}: the first line is to be the password, but is empty")
    return lines[0]


def _tell(account: Account, what: str, generated: str | None = None, *, as_json: bool) -> None:
    areas = "all areas" if account.areas is None else "areas " + ", ".join(sorted(account.areas))
    sentence, fields = f"account {account.name} {what}: {account.role.value}, {areas}", _document(account)
    if generated is not None:
        sentence += f"\npassword, told only this once: {generated}"
        fields["password"] = generated
    print_done(sentence, fields, as_json=as_json)


def _document(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "full_name": account.full_name,
        "role": account.role.value,
        "areas": None if account.areas is None else sorted(account.areas),
        "created_at": account.created_at,
        "password_set_at": account.password_set_at,
        "disabled_at": account.disabled_at,
    }
