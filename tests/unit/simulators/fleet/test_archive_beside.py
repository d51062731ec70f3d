"""The archive of a fleet as a registry file, with what is written beside its registry."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.quantities import Quantity
from pipeline.registry import Registry
from simulators.fleet.archive import archive_of
from simulators.fleet.archive_beside import keys_beside, tables_beside
from simulators.fleet.build import Fleet, build_fleet, load_fleet
from storage.registry_files import export_registry, read_registry

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
Tables = Mapping[str, list[dict[str, Any]]]  # Any: TOML values


def text_of(fleet: Fleet) -> str:
    registry = archive_of(fleet, {bus.id: "tcp://127.0.0.1:1" for bus in fleet.plan.buses})
    return export_registry(registry, beside=keys_beside(fleet, registry), tables=tables_beside(fleet))


def _entries(registry: Registry) -> dict[str, list[object]]:
    return {field.name: list(getattr(registry, field.name)) for field in fields(registry)}


@pytest.fixture(scope="module")
def lab() -> Fleet:
    return build_fleet(load_fleet("lab"), NOW)


@pytest.fixture(scope="module")
def tables(lab: Fleet) -> Tables:
    return tomllib.loads(text_of(lab))


@pytest.mark.parametrize("name", ["area", "demo", "lab", "substation"])
def test_every_fleets_archive_is_read_back_without_a_complaint(name: str, tmp_path: Path) -> None:
    fleet = build_fleet(load_fleet(name), NOW)
    file = tmp_path / "archive.toml"
    file.write_text(text_of(fleet), "utf-8")
    read = read_registry(file)
    assert {m.id for m in fleet.meters} <= {m.id for m in read.meters}
    archive = archive_of(fleet, {bus.id: "tcp://127.0.0.1:1" for bus in fleet.plan.buses})
    noted: Mapping[Any, Mapping[str, Any]] = keys_beside(fleet, archive)  # Any: keys of any table
    # The registers of swaps stand beside the fleet's archive and are read into it.
    placed = [
        replace(i, **noted.get(("installation", (i.meter, i.starts_at)), {})) for i in archive.installations
    ]
    contracts = [
        replace(c, **noted.get(("contract", (c.service_point, c.starts_at)), {})) for c in archive.contracts
    ]
    assert read.area_members
    assert _entries(read) == _entries(
        replace(
            archive,
            installations=placed,
            contracts=contracts,
            transformers=read.transformers,
            area_members=read.area_members,
            work_orders=list(archive.work_orders),
            supplies=list(archive.supplies),
            thresholds=[],
            tariffs=[],
            market_energies=[],
        )
    )


def test_a_filed_swap_has_both_meters_with_closing_and_opening_registers(lab: Fleet, tables: Tables) -> None:
    (truth,) = [t for t in lab.truth if t.meter == "BARC-2"]
    old, new = [i for i in tables["installation"] if i["service_point"] == "SP-BARC-2"]
    assert (old["meter"], new["meter"]) == ("BARC-2", "BARC-2B")
    assert old["to"] == new["from"] == truth.starts_at
    (meter,) = [m for m in lab.meters if m.id == "BARC-2"]
    before, after = (meter.model.read(truth.starts_at + timedelta(seconds=s)) for s in (-1, 1))
    assert old["closing"]["active_energy_import"] == pytest.approx(
        before[Quantity.ACTIVE_ENERGY_IMPORT], abs=0.01
    )
    assert new["opening"]["active_energy_import"] == 0.4
    assert after[Quantity.ACTIVE_ENERGY_IMPORT] == pytest.approx(0.4, abs=0.01)


def test_a_swap_that_nobody_filed_leaves_the_archive_as_it_was(tables: Tables) -> None:
    (placed,) = [i for i in tables["installation"] if i["service_point"] == "SP-BARC-1"]
    assert not {"from", "to", "opening", "closing"} & set(placed)


def test_a_wrong_ratio_stands_in_the_archive_only_for_its_time(lab: Fleet, tables: Tables) -> None:
    (truth,) = [t for t in lab.truth if t.deed == "wrong_ct"]
    ratios = [(r["ct"], r.get("from"), r.get("to")) for r in tables["ratio"] if r["meter"] == "BARC-1"]
    assert [ct for ct, _, _ in ratios] == [20.0, 400.0, 20.0]
    assert ratios[1][1] == truth.starts_at


def test_members_have_the_area_and_phase_that_the_archive_believes(tables: Tables) -> None:
    members = {m["service_point"]: m for m in tables["area_member"]}
    assert (members["SP-BTOP-1"]["area"], members["SP-BTOP-1"]["phase"]) == ("TQ-LAB", "A")
    assert members["SP-BTOP-2"]["phase"] == "C"
    assert "phase" not in members["SP-B4W-1"]


def test_declared_generation_stands_in_the_contract(tables: Tables) -> None:
    generating = {c["service_point"] for c in tables["contract"] if c.get("generation")}
    assert generating == {"SP-BPV-2"}
