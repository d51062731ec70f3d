"""Failed logins at rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from storage.database import Connection
from storage.login_failures import (
    Failures,
    forget_failures,
    lock_failures,
    save_failures,
    sweep_failures,
)
from tests.fix_dashboard import NOW


def test_failures_are_kept_replaced_and_forgotten(database: Connection) -> None:
    once = Failures(failures=1, last_at=NOW, blocked_until=NOW)
    twice = replace(once, failures=2)
    with database.transaction():
        assert lock_failures(database, "account wang") is None
        save_failures(database, "account wang", once)
        save_failures(database, "account wang", twice)
        assert lock_failures(database, "account wang") == twice
    assert sweep_failures(database, NOW) == 0
    assert sweep_failures(database, NOW + timedelta(seconds=1)) == 1
    save_failures(database, "account wang", once)
    forget_failures(database, "account wang")
    with database.transaction():
        assert lock_failures(database, "account wang") is None
