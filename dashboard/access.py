"""Who may see what: the one place that gives a request its scope."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from pipeline.model import EVERYTHING, Scope


def scope_of_request() -> Scope:
    """Return the areas (台区) the caller may see.

    There is no login yet and the server listens on the loopback address, so it is everything; a login
    changes this function and nothing else, because every query takes its scope from here.
    """
    return EVERYTHING


CallerScope = Annotated[Scope, Depends(scope_of_request)]
