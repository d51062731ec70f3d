"""How each kind of record of the archive (档案) stands in the registry, in its table and in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

from pipeline.alarms.records import AlarmChannel, AlarmRoute
from pipeline.archive_records import AreaMember, ProtectedSupply, Supply, Threshold, Transformer, WorkOrder
from pipeline.contracts import Contract, Suspension
from pipeline.registry import Area, Bus, Installation, Meter, MqttSource, Ratio, Schedule, ServicePoint
from pipeline.tariff import MarketEnergy, Tariff
from pipeline.vee_records import Estimation, LoadProfile, Temperature, Total, TotalMember

_COLUMN: Mapping[str, str] = {"meter": "meter_id", "group": "quantity_group"}
"""Columns that do not bear their field's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveTable:
    """How one kind of record stands in the registry, in its table and in files."""

    name: str
    record: type
    attribute: str
    """The field of :class:`Registry`."""
    key: tuple[str, ...]
    """The fields that tell one entry from another."""
    owner: str | None = None
    """For dated records: the field whose entries replace all older ones."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the record's fields."""
        return tuple(f.name for f in fields(self.record))

    def columns(self, names: Sequence[str]) -> list[str]:
        """Return the columns of some fields."""
        return [_COLUMN.get(name, name) for name in names]


TABLES: tuple[ArchiveTable, ...] = (
    # In the order in which they are written: what is referred to comes first.
    ArchiveTable(name="area", record=Area, attribute="areas", key=("id",)),
    ArchiveTable(name="service_point", record=ServicePoint, attribute="service_points", key=("id",)),
    ArchiveTable(name="bus", record=Bus, attribute="buses", key=("id",)),
    ArchiveTable(name="meter", record=Meter, attribute="meters", key=("id",)),
    ArchiveTable(
        name="installation",
        record=Installation,
        attribute="installations",
        key=("meter", "starts_at"),
        owner="meter",
    ),
    ArchiveTable(name="ratio", record=Ratio, attribute="ratios", key=("meter", "starts_at"), owner="meter"),
    ArchiveTable(
        name="contract",
        record=Contract,
        attribute="contracts",
        key=("service_point", "starts_at"),
        owner="service_point",
    ),
    ArchiveTable(name="suspension", record=Suspension, attribute="suspensions", key=("id",)),
    ArchiveTable(name="transformer", record=Transformer, attribute="transformers", key=("id",)),
    ArchiveTable(
        name="area_member",
        record=AreaMember,
        attribute="area_members",
        key=("area", "service_point", "starts_at"),
    ),
    ArchiveTable(name="work_order", record=WorkOrder, attribute="work_orders", key=("id",)),
    ArchiveTable(
        name="protected_supply",
        record=ProtectedSupply,
        attribute="protected_supplies",
        key=("service_point", "starts_at"),
        owner="service_point",
    ),
    ArchiveTable(name="supply", record=Supply, attribute="supplies", key=("service_point",)),
    ArchiveTable(
        name="threshold",
        record=Threshold,
        attribute="thresholds",
        key=("detector", "parameter", "service_point", "category", "starts_at"),
    ),
    ArchiveTable(name="tariff", record=Tariff, attribute="tariffs", key=("id", "starts_at"), owner="id"),
    ArchiveTable(
        name="market_energy",
        record=MarketEnergy,
        attribute="market_energies",
        key=("service_point", "month", "item", "period", "name"),
    ),
    ArchiveTable(name="schedule", record=Schedule, attribute="schedules", key=("group",)),
    ArchiveTable(name="mqtt_source", record=MqttSource, attribute="mqtt_sources", key=("id",)),
    ArchiveTable(name="total", record=Total, attribute="totals", key=("id",)),
    ArchiveTable(
        name="total_member",
        record=TotalMember,
        attribute="total_members",
        key=("total", "meter", "starts_at"),
        owner="total",
    ),
    ArchiveTable(name="load_profile", record=LoadProfile, attribute="load_profiles", key=("id",)),
    ArchiveTable(name="estimation", record=Estimation, attribute="estimations", key=("id",)),
    ArchiveTable(name="temperature", record=Temperature, attribute="temperatures", key=("area", "day")),
    ArchiveTable(name="alarm_channel", record=AlarmChannel, attribute="alarm_channels", key=("id",)),
    ArchiveTable(name="alarm_route", record=AlarmRoute, attribute="alarm_routes", key=("id",)),
)
TABLE_BY_NAME: Mapping[str, ArchiveTable] = MappingProxyType({table.name: table for table in TABLES})
