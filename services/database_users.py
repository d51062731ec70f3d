"""Makes a user of the database server and says the address that it connects by."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline.errors import ConfigError
from storage.database import Connection, connect
from storage.database_rights import Rights
from storage.database_users import MAINTENANCE, make_database, make_user

SHORTEST: Final = 12
_OF_THE_LINK: Final = ("sslmode", "sslrootcert", "channel_binding", "target_session_attrs")
"""Parts of an address that hold for every user; keys and passwords of the one who asks do not."""


def password_in(file: Path) -> str:
    """Return the password that a file holds and nothing else.

    Raises:
        ConfigError: If it cannot be read or holds none that is long enough.
    """
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read ({error}); name a file with the password") from error
    if len(password) < SHORTEST:
        raise ConfigError(f"{file}: a password of at least {SHORTEST} characters is needed")
    return password


def make_user_of(url: str, name: str, password: str, rights: Rights) -> str:
    """Make a user of the database that ``url`` names, or set it up anew; return its address.

    The address holds the password. Where the user is to own a database that is not there yet, that is made.

    Raises:
        ConfigError: If a user of that name has more rights and is left alone, or ``url``'s may make none.
        SchemaMissingError: If the database has no tables yet that rights could be given on.
        StorageError: If the database is away or refuses.
    """
    if rights is Rights.OWN:
        with connect(make_conninfo(url, dbname=MAINTENANCE)) as maintenance:
            make_database(maintenance, _database_of(url, maintenance))
    with connect(url) as connection:
        make_user(connection, name, password, rights)
        return _address(connection, url, name, password)


def _database_of(url: str, connection: Connection) -> str:
    """Return the database that an address names; libpq's rule where it names none: as the user."""
    return str(conninfo_to_dict(url).get("dbname") or connection.info.user)


def _address(connection: Connection, url: str, name: str, password: str) -> str:
    given = conninfo_to_dict(url)
    host = connection.info.host
    if not host or host.startswith("/"):
        host = "127.0.0.1"  # the maker's socket is the server's own account's
    where = f"[{host}]" if ":" in host else host
    link = urlencode({key: given[key] for key in _OF_THE_LINK if given.get(key)}, safe="/")
    who = f"{quote(name, safe='')}:{quote(password, safe='')}"
    database = quote(connection.info.dbname, safe="")
    return f"postgresql://{who}@{where}:{connection.info.port}/{database}{'?' if link else ''}{link}"
