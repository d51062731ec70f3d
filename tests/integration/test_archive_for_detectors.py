"""What detectors ask of the archive comes back from the database and from files."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.archive_records import (
    AreaMember,
    MemberRole,
    ProtectedSupply,
    Supply,
    Threshold,
    Transformer,
    WorkOrder,
)
from pipeline.contracts import Contract, Suspension
from pipeline.errors import StorageError
from pipeline.model import MeterId
from pipeline.registry import Area, Meter, Registry, ServicePoint
from pipeline.tariff import BasicTerms, Tariff
from storage.database import Connection
from storage.registry import load_registry, save_registry
from storage.registry_files import export_registry, read_registry

AT = datetime(2026, 3, 1, tzinfo=UTC)
REGISTRY = Registry(
    areas=[Area(id="A1")],
    meters=[
        Meter(
            id=MeterId("filed"),
            max_current_a=6.0,
            model="DTZ-1",
            serial="24-118",
            accuracy_class="0.5S",
            firmware="3.1",
            verified_until=date(2027, 5, 31),
        ),
        Meter(id=MeterId("not filed")),
    ],
    service_points=[ServicePoint(id="P1", area="A1"), ServicePoint(id="P2", area="A1")],
    contracts=[Contract(service_point="P1", generation=True, interim_days=(11, 21))],
    suspensions=[
        Suspension(
            id="S1",
            service_point="P1",
            starts_at=AT,
            ends_at=None,
            transformers=("T1",),
            requested_at=AT,
        )
    ],
    transformers=[Transformer(id="T1", area="A1", service_point="P1", capacity_kva=400.0, starts_at=AT)],
    area_members=[
        AreaMember(area="A1", service_point="P1", phase="B", starts_at=AT),
        AreaMember(area="A1", service_point="P2", role=MemberRole.SUPPLY, sign=-1),
    ],
    work_orders=[WorkOrder(id="W1", service_point="P1", kind="inspection", starts_at=AT)],
    protected_supplies=[
        ProtectedSupply(service_point="P1", reason="hospital"),
        ProtectedSupply(service_point="P2", starts_at=AT, ends_at=AT + timedelta(days=3)),
    ],
    supplies=[
        Supply(
            service_point="P1",
            short_circuit_mva=100.0,
            agreed_band_percent=(-3.0, 7.0),
            capacitor_steps_kvar=(300.0, 150.0),
        ),
        Supply(service_point="P2"),
    ],
    thresholds=[
        Threshold(detector="voltage_loss", parameter="trigger_percent", value=70.0),
        Threshold(
            detector="voltage_loss",
            parameter="trigger_percent",
            value=0.0,
            service_point="P1",
            starts_at=AT,
            source="metering office",
        ),
    ],
)


def _told(registry: Registry) -> dict[str, list[object]]:
    return {field.name: list(getattr(registry, field.name)) for field in fields(registry)}


def test_it_comes_back_from_the_database(database: Connection) -> None:
    save_registry(database, REGISTRY)
    assert _told(load_registry(database)) == _told(REGISTRY)
    assert not any(save_registry(database, REGISTRY).changed.values())


def test_it_comes_back_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text(export_registry(REGISTRY), encoding="utf-8")
    assert _told(read_registry(file)) == _told(REGISTRY)


def test_a_stored_tariff_that_cannot_be_is_told_with_its_entry(database: Connection) -> None:
    save_registry(database, Registry(tariffs=[Tariff(id="T", basic=BasicTerms(capacity_price=Decimal(25)))]))
    # What an import of an earlier version let in.
    database.execute("UPDATE tariff SET basic = jsonb_set(basic, '{days_of_month}', '0')")
    with pytest.raises(StorageError, match=r"\[\[tariff\]\] id T in the database: key 'basic'.*28 to 31"):
        load_registry(database)
