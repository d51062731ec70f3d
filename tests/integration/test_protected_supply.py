"""An order that takes a supply away asks the archive whose supply stays on (保电)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from pipeline.archive_records import AreaMember, MemberRole, ProtectedSupply
from pipeline.errors import NotAllowedError, StorageError
from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services.capabilities import WRITES
from services.control import OrderDesk
from services.control_settings import ControlSettings
from services.order_record import Order, OrderRecord
from services.persons import Person
from services.wiring import utc_now
from storage.database import connect
from storage.registry import save_registry

URL = "dlt645+tcp://127.0.0.1:1/{address}"
"""Nobody listens there: what is refused is refused before a line is opened."""
DLT645 = "dlt645_2007_three_phase"
LI, WANG = Person(account="li"), Person(account="wang")
NOW = utc_now()
DAY = timedelta(days=1)


def hung(meter: str, point: str, address: str, **changed: object) -> Installation:
    placed = {
        "meter": MeterId(meter),
        "service_point": point,
        "address": address,
        "profile": DLT645,
    }
    return Installation(**{**placed, **changed})  # type: ignore[arg-type]  # fields of any kind


ARCHIVE = Registry(
    areas=[Area(id="A1"), Area(id="A2"), Area(id="FEEDER")],
    service_points=[
        *(ServicePoint(id=point, area="A1") for point in ("WARD", "SCHOOL", "SHOP")),
        *(ServicePoint(id=point, area="A2") for point in ("HOME", "A2-IN")),
        *(ServicePoint(id=point) for point in ("A1-IN", "A1-OUT", "A1-ONCE", "FEEDER-IN")),
    ],
    meters=[
        Meter(id=MeterId(name))
        for name in (
            "main",
            "check",
            "exam",
            "shop",
            "gone",
            "modbus",
            "in",
            "out",
            "once",
            "feeder",
            "other",
        )
    ],
    installations=[
        hung("main", "WARD", "000000000101"),
        hung("check", "WARD", "102"),
        hung("exam", "SCHOOL", "103"),
        hung("shop", "SHOP", "104"),
        hung("gone", "WARD", "105", ends_at=NOW - DAY),
        hung("modbus", "WARD", "7", profile="chint_dtsu666"),
        hung("in", "A1-IN", "201"),
        hung("out", "A1-OUT", "202"),
        hung("once", "A1-ONCE", "203"),
        hung("feeder", "FEEDER-IN", "204"),
        hung("other", "A2-IN", "205"),
    ],
    area_members=[
        # Who has no membership, as WARD, lies in the area that its service point names.
        AreaMember(area="A1", service_point="SCHOOL"),
        AreaMember(area="A1", service_point="A1-IN", role=MemberRole.SUPPLY),
        AreaMember(area="A1", service_point="A1-OUT", role=MemberRole.SUPPLY, sign=-1),
        AreaMember(area="A1", service_point="A1-ONCE", role=MemberRole.SUPPLY, ends_at=NOW - DAY),
        AreaMember(area="FEEDER", service_point="A1-IN"),
        AreaMember(area="FEEDER", service_point="FEEDER-IN", role=MemberRole.SUPPLY),
        AreaMember(area="A2", service_point="A2-IN", role=MemberRole.SUPPLY),
    ],
    protected_supplies=[
        ProtectedSupply(service_point="WARD", reason="hospital"),
        ProtectedSupply(service_point="SCHOOL", starts_at=NOW - DAY, ends_at=NOW + DAY),
        ProtectedSupply(service_point="SHOP", starts_at=NOW - 2 * DAY, ends_at=NOW - DAY),
        ProtectedSupply(service_point="SHOP", starts_at=NOW + DAY),
    ],
)


@pytest.fixture(autouse=True)
def url(plain_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    with connect(plain_database_url) as connection:
        save_registry(connection, ARCHIVE)
    return plain_database_url


@pytest.fixture
def settings(tmp_path: Path) -> ControlSettings:
    return ControlSettings(
        audit_file=tmp_path / "audit.jsonl",
        allow_writes=frozenset(WRITES),
        meter_passwords="02:123456",  # type: ignore[arg-type]  # as the environment gives it
        meter_operator="00000001",
    )


def asked(settings: ControlSettings, address: str, kind: str = "relay", word: str = "open") -> OrderRecord:
    order = Order(kind=kind, url=URL.format(address=address), arguments={"order": word})
    return OrderDesk(settings=settings, person=LI).request(order)


def waiting(settings: ControlSettings) -> list[str]:
    return [record.order.arguments["order"] for record in OrderDesk(settings=settings, person=WANG).pending()]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("101", r"meter 000000000101 is protected \(保电\).*service point WARD: hospital"),
        ("000000000102", "service point WARD: hospital"),
        ("103", r"service point SCHOOL until \d{4}-"),
        ("201", "supply of WARD, which its service point A1-IN feeds: hospital"),
        ("204", "supply of WARD, which its service point FEEDER-IN feeds: hospital"),
    ],
)
def test_every_meter_of_a_protected_point_keeps_its_supply(
    settings: ControlSettings, address: str, said: str
) -> None:
    for kind, word in (("relay", "open"), ("relay", "open-then-close"), ("guard", "off")):
        with pytest.raises(NotAllowedError, match=said):
            asked(settings, address, kind, word)
    assert not settings.audit_file.exists()


def test_what_gives_supply_back_is_allowed_there(settings: ControlSettings) -> None:
    for kind, word in (("relay", "close"), ("relay", "permit"), ("guard", "on")):
        asked(settings, "101", kind, word)
    assert waiting(settings) == ["close", "permit", "on"]


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("104", id="protected before and later, not now"),
        pytest.param("105", id="does not hang there any more"),
        pytest.param("7", id="that number is a Modbus unit"),
        pytest.param("999", id="not in the archive"),
        pytest.param("202", id="takes energy out of the area"),
        pytest.param("203", id="supplies the area no more"),
        pytest.param("205", id="supplies another area"),
    ],
)
def test_others_may_be_opened(settings: ControlSettings, address: str) -> None:
    asked(settings, address)
    assert waiting(settings) == ["open"]


def test_who_is_protected_after_the_wish_is_not_cut_off_either(url: str, settings: ControlSettings) -> None:
    record = asked(settings, "104")
    with connect(url) as connection:
        connection.execute("INSERT INTO protected_supply VALUES ('SHOP', 'cold store', NULL, NULL)")
    with pytest.raises(NotAllowedError, match="SHOP: cold store"):
        OrderDesk(settings=settings, person=WANG).approve(record.id)
    events = [entry.event for entry in OrderDesk(settings=settings, person=LI).audit.entries()]
    assert events == ["requested", "denied"]


def test_nothing_is_opened_while_the_archive_cannot_be_asked(
    url: str, settings: ControlSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = asked(settings, "104")
    away = make_conninfo(url, port=1)
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", away)
    with pytest.raises(StorageError):
        OrderDesk(settings=settings, person=WANG).approve(record.id)
