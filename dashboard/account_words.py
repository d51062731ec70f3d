"""The names of roles, of the audit's lines, and of what is wrong with an account, a password or a token."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.formats import Formats
from dashboard.words import marked
from pipeline.accounts import AccessError, Problem, Role

ROLES: Mapping[str, str] = {
    Role.VIEWER: marked("Viewer"),
    Role.ENGINEER: marked("Engineer"),
    Role.ADMINISTRATOR: marked("Administrator"),
}
EVENTS: Mapping[str, str] = {
    "login": marked("Login"),
    "login refused": marked("Login refused"),
    "logout": marked("Logout"),
    "session ended": marked("Session ended"),
    "account added": marked("Account added"),
    "account changed": marked("Account changed"),
    "password set": marked("Password set"),
    "token added": marked("Token added"),
    "token revoked": marked("Token revoked"),
    "change": marked("Change"),
    "export": marked("Export"),
    "not allowed": marked("Not allowed"),
}
"""Lines of the audit."""
PROBLEMS: Mapping[Problem, str] = {
    Problem.NAME: marked(
        "A name has 1 to 64 of a-z, 0-9, dot, underscore, hyphen; it begins with a letter or digit."
    ),
    Problem.NAME_TAKEN: marked("There is an account %(name)s already."),
    Problem.AREA: marked("No such area on record: %(areas)s"),
    Problem.NO_AREA: marked("Choose at least one area, or all."),
    Problem.BEYOND_OWN: marked("Nobody can give more areas than they see themselves."),
    Problem.CHANGED: marked(
        "Somebody else has changed this account meanwhile. Look at it again; nothing was changed."
    ),
    Problem.LAST_ADMINISTRATOR: marked(
        "This is the last administrator of all areas: nobody could let anybody in again."
    ),
    Problem.PASSWORD_LENGTH: marked("A password has %(least)s to %(most)s characters."),
    Problem.PASSWORD_VARIETY: marked("A password needs at least %(n)s different characters."),
    Problem.PASSWORD_NAME: marked("A password must not hold the account's name."),
    Problem.PASSWORD_REPEATED: marked("The new password was not typed the same twice."),
    Problem.PASSWORD_PRESENT: marked("The present password is another one."),
    Problem.PASSWORD_LATER: marked("Too many attempts that failed: try again later."),
    Problem.TOKEN_NAME: marked("A token needs a name that says which program uses it."),
    Problem.TOKEN_ROLE: marked("A token may not do more than its owner."),
    Problem.TOKEN_AREAS: marked("A token sees no other areas than its owner."),
    Problem.TOKEN_DAYS: marked("A token lasts 1 to %(n)s days."),
    Problem.TOKENS: marked("There are %(n)s tokens already: revoke those that nobody uses."),
}


def problem_told(error: AccessError, f: Formats) -> str:
    """Return what is wrong, in the reader's language."""
    return f.catalogue.gettext(PROBLEMS[error.problem]) % error.parameters
