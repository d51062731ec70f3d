"""The doctor tells whether the database itself keeps accounts with areas to them."""

from __future__ import annotations

from services.doctor.database import area_scope
from services.doctor.finding import Grade
from services.doctor.machine import Machine
from storage.database import Connection


def test_who_may_not_read_or_may_not_take_the_role_is_told_what_to_do(database: Connection) -> None:
    machine = Machine()
    machine.__dict__["database"] = database  # as it stands after the first look
    ((grade, _, _),) = area_scope(machine)
    assert grade is Grade.OK
    database.execute("REVOKE SELECT ON meter FROM kilowatch_scoped")
    assert list(area_scope(machine)) == [
        (Grade.FAULT, "accounts with areas may read nothing", "run 'kilowatch db migrate'")
    ]
    database.execute("SET ROLE pg_read_all_data")  # a user of its own, to whom nobody granted the role
    ((grade, _, step),) = area_scope(machine)
    assert grade is Grade.WARNING
    assert step.startswith("as a superuser, GRANT kilowatch_scoped TO ")
