"""A file with a few entries is imported into a full archive: what it only names stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import RegistryError
from pipeline.registry import Registry
from services.archive import check_file, import_file
from storage.database import connect
from storage.registry import load_registry

FULL = """
[[area]]
id = "TA-EU"
name = "Hafen"
zone = "Europe/Berlin"
[[service_point]]
id = "P1"
name = "Werk 1"
customer = "Giesserei"
area = "TA-EU"
[[service_point]]
id = "P2"
name = "Werk 2"
customer = "Kuehlhaus"
area = "TA-EU"
[[bus]]
id = "B1"
url = "tcp://127.0.0.1:1"
retries = 5
[[meter]]
id = "M1"
wiring = "3P4W"
digits = 8
service_point = "P1"
bus = "B1"
address = "000000000001"
profile = "dlt645_2007_three_phase"
[[ratio]]
meter = "M1"
ct = 20
[[contract]]
service_point = "P1"
capacity_kva = 400
tariff = "T1"
[[tariff]]
id = "T1"
[[tariff.charges]]
item = "energy"
price = "0.5"
[[transformer]]
id = "X1"
service_point = "P1"
capacity_kva = 400
[[total]]
id = "plant"
name = "Werk"
[[load_profile]]
id = "office"
working_day = [1, 2.5]
day_off = [1]
[[alarm_channel]]
id = "duty"
kind = "email"
address = "duty@grid.example"
"""
ALONE: Mapping[str, tuple[str, str]] = {
    # What is imported alone, and the field of the registry that it adds to or replaces entries of.
    "threshold": (
        'detector = "reverse_energy"\nparameter = "trigger_kwh"\nvalue = 3\nservice_point = "P1"',
        "thresholds",
    ),
    "work_order": ('id = "W1"\nservice_point = "P1"\nfrom = 2026-10-01', "work_orders"),
    "protected_supply": (
        'service_point = "P1"\nfrom = 2026-10-01\nreason = "hospital"',
        "protected_supplies",
    ),
    "suspension": ('service_point = "P1"\nfrom = 2026-10-01\ntransformers = ["X1"]', "suspensions"),
    "contract": ('service_point = "P1"\nfrom = 2026-10-01\ntariff = "T1"', "contracts"),
    "installation": (
        'meter = "M1"\nservice_point = "P2"\nbus = "B1"\nfrom = 2026-10-01',
        "installations",
    ),
    "ratio": ('meter = "M1"\nct = 30\nfrom = 2026-10-01', "ratios"),
    "service_point": ('id = "P9"\narea = "TA-EU"', "service_points"),
    "area_member": ('area = "TA-EU"\nservice_point = "P1"\nfrom = 2026-10-01', "area_members"),
    "transformer": ('id = "X2"\narea = "TA-EU"\nfrom = 2026-10-01', "transformers"),
    "supply": ('service_point = "P1"\nagreed_mva = 2', "supplies"),
    "market_energy": ('service_point = "P1"\nmonth = "2026-10"\nprice = 1\nshare = 1', "market_energies"),
    "total_member": ('total = "plant"\nmeter = "M1"\nfrom = 2026-10-01', "total_members"),
    "estimation": ('id = "E"\nservice_point = "P1"\nprofile = "office"', "estimations"),
    "temperature": ('area = "TA-EU"\nday = 2026-10-01\nmean_c = 9', "temperatures"),
    "tariff": ('id = "T1"\nfrom = 2026-10-01\ncharges = [{ item = "energy", price = "0.6" }]', "tariffs"),
    "mqtt_source": ('id = "G"\ntopic = "a/#"\nmeters = ["M1"]\ndevices = { plug = "M1" }', "mqtt_sources"),
    "alarm_route": ('id = "R"\nchannels = ["duty"]', "alarm_routes"),
}
BERLIN_OCTOBER = datetime(2026, 9, 30, 22, tzinfo=UTC)
"""Midnight of 1 October 2026 in Berlin, which is at UTC+2 until 25 October."""


@pytest.fixture
def url(plain_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    import_file(_file(tmp_path, FULL))
    return plain_database_url


def _file(folder: Path, text: str) -> Path:
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _archive(url: str) -> Registry:
    with connect(url) as connection:
        return load_registry(connection)


@pytest.mark.parametrize("table", ALONE)
def test_an_entry_alone_changes_nothing_that_it_names(url: str, tmp_path: Path, table: str) -> None:
    before = _archive(url)
    text, own = ALONE[table]
    file = _file(tmp_path, f"[[{table}]]\n{text}\n")
    assert check_file(file).counts == {own: 1}
    assert import_file(file).counts == {own: 1}
    after = _archive(url)
    others = [name for name in Registry.__dataclass_fields__ if name != own]
    assert {name: getattr(after, name) for name in others} == {name: getattr(before, name) for name in others}
    (new,) = [record for record in getattr(after, own) if record not in getattr(before, own)]
    if "from" in text:
        assert new.starts_at == BERLIN_OCTOBER


def test_an_area_in_the_file_moves_the_dates_of_its_filed_points(url: str, tmp_path: Path) -> None:
    area = '[[area]]\nid = "TA-EU"\nzone = "Europe/London"\n'
    import_file(_file(tmp_path, f'{area}[[contract]]\nservice_point = "P1"\nfrom = 2026-10-01'))
    assert [c.starts_at for c in _archive(url).contracts] == [datetime(2026, 9, 30, 23, tzinfo=UTC)]


def test_what_leaves_a_history_is_counted(url: str, tmp_path: Path) -> None:
    text = '[[contract]]\nservice_point = "P1"\nfrom = 2026-10-01\n[[ratio]]\nmeter = "M1"\nct = 30\n'
    assert import_file(_file(tmp_path, text)).removed == {
        "contract": 1
    }  # a ratio of the same start is another
    assert len(_archive(url).contracts) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[contract]]\nservice_point = "P7"\nfrom = 2026-10-01', "service_point 'P7' is; mend its name"),
        ('[[transformer]]\nid = "X"\narea = "TA-7"\nfrom = 2026-10-01', "area 'TA-7' is; mend its name"),
        (
            '[[meter]]\nid = "M7"\nservice_point = "P7"\n[[ratio]]\nmeter = "M7"\nfrom = 2026-10-01',
            "meter 'M7' is; mend its name",
        ),
        ('[[ratio]]\nmeter = "M7"', "there is no [[meter]] 'M7'"),
        ('[[contract]]\nservice_point = "P1"\ntariff = "T7"', "there is no [[tariff]] 'T7'"),
    ],
)
def test_a_date_at_a_place_that_nobody_knows_is_refused(
    url: str, tmp_path: Path, text: str, told: str
) -> None:
    before = _archive(url)
    with pytest.raises(RegistryError) as raised:
        import_file(_file(tmp_path, text))
    assert told in str(raised.value)
    assert _archive(url) == before


@pytest.mark.parametrize(
    "text",
    [
        '[[contract]]\nservice_point = "P7"\nfrom = 2026-10-01T00:00:00+02:00',
        '[[meter]]\nid = "M7"\nservice_point = "P7"',
        '[[service_point]]\nid = "P7"\n[[contract]]\nservice_point = "P7"\nfrom = 2026-10-01',
    ],
)
def test_a_new_name_is_still_made_beside_what_is_filed(url: str, tmp_path: Path, text: str) -> None:
    before = _archive(url)
    import_file(_file(tmp_path, text))
    after = _archive(url)
    assert [point.id for point in after.service_points] == ["P1", "P2", "P7"]
    assert after.service_points[:2] == before.service_points
