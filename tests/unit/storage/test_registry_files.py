"""A registry file comes in whole, or with every mistake and its place."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, RegistryError
from pipeline.registry import Installation, Meter, Registry
from storage.registry_files import export_registry, export_registry_tables, read_registry

WHOLE = """
[[area]]
id = "A1"
zone = "Europe/Berlin"

[[service_point]]
id = "SP1"
area = "A1"

[[bus]]
id = "B1"
url = "tcp://127.0.0.1:2404"
retries = 0

[[meter]]
id = "M1"
wiring = "3P3W"
nominal_voltage_v = 10000
service_point = "SP1"
bus = "B1"
address = "000000000001"
profile = "dlt645_2007"

[[meter]]
id = "M2"
verified_until = 2027-05-31

[[installation]]
meter = "M2"
service_point = "SP1"
role = "check"
from = 2026-01-01
to = 2026-02-01T00:00:00+01:00

[[installation]]
meter = "M2"
from = 2026-02-01

[[ratio]]
meter = "M1"
ct = 20
pt = 100
from = "2026-01-01T00:00:00+08:00"

[[contract]]
interim_days = [11, 21]
service_point = "SP1"
capacity_kva = 630
basic_charge = "demand"

[[total]]
id = "plant"

[[total_member]]
total = "plant"
meter = "M1"

[[total_member]]
total = "plant"
meter = "M2"
sense = "subtract"
from = 2026-01-01

[[load_profile]]
id = "office"
working_day = [1, 2.5]
day_off = [1]

[[estimation]]
id = "offices"
category = "office"
rules = ["class profile", "mean of like days"]
profile = "office"

[[supply]]
service_point = "SP1"
agreed_band_percent = [-3, 7]
capacitor_steps_kvar = [300, 150.5]

[[temperature]]
area = "A1"
day = 2026-01-05
mean_c = -3.5

[[suspension]]
service_point = "SP1"
from = 2026-01-05
to = 2026-01-20
remaining_kva = 0

[[schedule]]
group = "register"
every = "15min"
tolerance = 60

[[mqtt_source]]
id = "gateway"
topic = "site/+/readings"
every = 10
meters = ["M2"]

[[mqtt_source]]
id = "plugs"
topic = "$share/site/tele/+/SENSOR"
dialect = "tasmota"
template = "tele/{device}/SENSOR"
zone = "Europe/Berlin"
devices = { "plug-7" = "M1", "plug=8" = "M2" }
quantities = { "P/W" = "active_power * 0.001", "E" = "active_energy_import" }
ask = false

[[alarm_channel]]
id = "duty"
kind = "email"
address = "duty@grid.example, chief@grid.example"

[[alarm_channel]]
id = "group"
kind = "dingtalk"
team = "north"

[[alarm_route]]
id = "all"
channels = ["duty"]
teams = ["north"]
at_least = "major"
language = "en"
quiet_from = "22:00"
quiet_to = "07:00"
after_min = 0
zone = "Europe/Berlin"
tell_end = false
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "registry.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        read_registry(written(folder, text))
    return [str(problem) for problem in caught.value.problems]


def test_every_table_is_read_and_dates_are_midnights_of_the_area(tmp_path: Path) -> None:
    registry = read_registry(written(tmp_path, WHOLE))
    berlin_new_year = datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert [m.id for m in registry.meters] == ["M1", "M2"]
    assert registry.installations[0] == Installation(
        meter=registry.meters[0].id,
        service_point="SP1",
        bus="B1",
        address="000000000001",
        profile="dlt645_2007",
    )
    assert registry.installations[1].starts_at == berlin_new_year
    assert registry.installations[1].ends_at == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert registry.ratios[0].starts_at == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert registry.suspensions[0].id == "SP1@2026-01-04T23:00:00+00:00"
    assert (registry.schedules[0].every_s, registry.schedules[0].tolerance_s) == (900, 60)
    gateway, plugs = registry.mqtt_sources
    assert (gateway.meters, gateway.expected, gateway.ask) == (("M2",), ("M2",), True)
    assert (plugs.template, plugs.zone.key, plugs.ask) == ("tele/{device}/SENSOR", "Europe/Berlin", False)
    assert plugs.devices == {"plug-7": "M1", "plug=8": "M2"}
    assert plugs.quantities == {"P/W": "active_power * 0.001", "E": "active_energy_import"}
    assert plugs.expected == ("M1", "M2")


def test_what_is_exported_reads_back_equal(tmp_path: Path) -> None:
    registry = read_registry(written(tmp_path, WHOLE))
    (tmp_path / "again.toml").write_text(export_registry(registry), encoding="utf-8")
    assert read_registry(tmp_path / "again.toml") == registry
    export_registry_tables(registry, tmp_path / "tables")
    assert read_registry(tmp_path / "tables") == registry


def test_service_points_and_areas_may_be_named_without_a_table(tmp_path: Path) -> None:
    text = '[[meter]]\nid = "M1"\nservice_point = "SP1"\n[[contract]]\nservice_point = "SP2"\n'
    registry = read_registry(written(tmp_path, text))
    assert [p.id for p in registry.service_points] == ["SP1", "SP2"]


def test_all_problems_are_shown_with_file_line_table_entry_and_key(tmp_path: Path) -> None:
    text = (
        '[[meter]]\nid = "M1"\n\n'
        '[[meter]]\nid = "M1"\ndigits = "six"\n\n'
        '[[meter]]\nid = "M3"\ncolour = "red"\nbus = "B9"\n\n'
        '[[ratio]]\nmeter = "M9"\nct = 0\n'
    )
    keys = ", ".join(f.name for f in fields(Meter))
    assert problems_of(tmp_path, text) == [
        "registry.toml:4: [[meter]] entry 2, key 'digits': expected a number, not 'six'",
        "registry.toml:8: [[meter]] entry 3, key 'bus': there is no [[bus]] 'B9'",
        f"registry.toml:8: [[meter]] entry 3, key 'colour': unknown key; the keys are {keys}",
        "registry.toml:13: [[ratio]] entry 1, key 'ct': expected a number above zero, not 0",
        "registry.toml:13: [[ratio]] entry 1, key 'meter': there is no [[meter]] 'M9'",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[[meter]]\nid = "M1"\n[[meter]]\nid = "M1"\n',
            ":3: [[meter]] entry 2, key 'id': the same as in line 1",
        ),
        ("[[meter]]\nid = 5\n", "key 'id': expected text in quotes, not 5"),
        ('[[meter]]\nwiring = "3P4W"\n', "key 'id': is missing"),
        ('[[meter]]\nid = "M1"\nwiring = "4P"\n', "key 'wiring': expected one of 1P2W, 3P3W, 3P4W, not '4P'"),
        ('[[meter]]\nid = "M1"\nzone = "Mars/North"\n', "key 'zone': no time zone is called 'Mars/North'"),
        ('[[meter]]\nid = "M1"\nresolution = true\n', "key 'resolution': expected a number, not True"),
        ('[[metre]]\nid = "M1"\n', ":1: [[metre]] entry 1, key '': unknown table"),
        ('[meter]\nid = "M1"\n', "write [[meter]]"),
        ('[[meter]]\nid = "M1\n', ":2: [[]] entry 0, key '': not TOML"),
        ('[[schedule]]\ngroup = "water"\nevery = 5\n', "key 'group': expected one of register, demand"),
        ('[[schedule]]\ngroup = "register"\nevery = "soon"\n', "key 'every': expected a number, not 'soon'"),
        ('[[bus]]\nid = "B1"\n', "key 'url': is missing"),
        (
            '[[meter]]\nid = "M1"\n[[ratio]]\nmeter = "M1"\nfrom = 2026-01-01T00:00:00\n',
            "key 'from': 2026-01-01T00:00:00 has no offset",
        ),
        (
            '[[meter]]\nid = "M1"\n[[ratio]]\nmeter = "M1"\nfrom = "1.1.2026"\n',
            "key 'from': expected an ISO 8601 date or time",
        ),
        (
            '[[suspension]]\nservice_point = "SP1"\nfrom = 2026-02-01\nto = 2026-01-01\n',
            "key 'to': 2025-12-31T16:00:00+00:00 is not after",
        ),
        ('[[suspension]]\nservice_point = "SP1"\n', "key 'from': is missing"),
        *(
            (f'[[supply]]\nservice_point = "SP1"\n{key} = {value}\n', f"key {key!r}: expected {said}")
            for key, value, said in (
                ("agreed_band_percent", "[7, -3]", "the lowest and the highest deviation like [-3, 7]"),
                ("agreed_band_percent", "[7]", "the lowest and the highest deviation like [-3, 7]"),
                ("agreed_band_percent", "7", "a list of numbers, not 7"),
                ("capacitor_steps_kvar", "[300, 0]", "the reactive power of each step, above zero"),
                ("capacitor_steps_kvar", '["x"]', "a number, not 'x'"),
            )
        ),
        *(
            (f'[[contract]]\nservice_point = "SP1"\ninterim_days = {value}\n', f"key 'interim_days': {said}")
            for value, said in (
                ("[11, 29]", "expected days like [11, 21], each once, 1 to 28, not [11, 29]"),
                ("[11, 11]", "expected days like [11, 21], each once, 1 to 28, not [11, 11]"),
                ("11", "expected a list of whole numbers, not 11"),
                ("[1.5]", "expected a whole number, not 1.5"),
            )
        ),
        (
            '[[meter]]\nid = "M1"\nverified_until = 2027-05-31T00:00:00Z\n',
            "key 'verified_until': expected a date like 2026-01-01",
        ),
        (
            '[[meter]]\nid = "M1"\nrole = "check"\n[[installation]]\nmeter = "M1"\nfrom = 2026-01-01\n',
            ":4: [[installation]] entry 1, key 'from': meter 'M1' is still installed by line 1",
        ),
    ],
)
def test_each_kind_of_mistake_is_named(tmp_path: Path, text: str, problem: str) -> None:
    shown = problems_of(tmp_path, text)
    assert len(shown) == 1, shown
    assert problem in shown[0]


def test_a_unit_that_rests_is_one_that_is_filed_where_any_is(tmp_path: Path) -> None:
    rests = (
        '[[suspension]]\nid = "S"\nservice_point = "SP1"\nfrom = 2026-03-01\ntransformers = ["T1", "T2"]\n'
    )
    assert problems_of(tmp_path, f'{rests}\n[[transformer]]\nid = "T1"\n') == [
        "registry.toml:1: [[suspension]] entry 1, key 'transformers': there is no [[transformer]] 'T2'"
    ]
    assert read_registry(written(tmp_path, rests)).suspensions[0].transformers == ("T1", "T2")


def test_a_csv_row_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "meter.csv").write_text("id,digits\nM1,6\n\nM2,x\n", encoding="utf-8")
    with pytest.raises(RegistryError, match=r"meter\.csv:4: \[\[meter\]\] entry 2, key 'digits'"):
        read_registry(tmp_path / "meter.csv")


def test_a_file_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the registry"):
        read_registry(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"holds no \.csv file"):
        read_registry(tmp_path)


def test_an_empty_file_is_an_empty_registry(tmp_path: Path) -> None:
    assert read_registry(written(tmp_path, "")) == Registry(**{n: [] for n in Registry.__dataclass_fields__})


def test_mistakes_of_an_mqtt_source_are_named_by_their_keys(tmp_path: Path) -> None:
    text = (
        '[[meter]]\nid = "M1"\n\n[[mqtt_source]]\nid = "S"\ntopic = "tele/+/SENSOR"\n'
        'template = "tele/SENSOR"\ndevices = { "plug" = "M9" }\nask = "perhaps"\n'
        'quantities = { "P" = "power * 2" }\nzone = "Mars"\n'
    )
    place = "registry.toml:4: [[mqtt_source]] entry 1, key "
    found = problems_of(tmp_path, text)
    like = "write one like 'active_power' or 'active_power * 0.001'"
    assert found == [
        f"{place}'ask': expected true or false, not 'perhaps'",
        f"{place}'devices': there is no [[meter]] 'M9'",
        f"{place}'quantities': 'P': 'power' is no quantity; {like}",
        f"{place}'template': 'tele/SENSOR' must hold {{device}} once, like 'tele/{{device}}/SENSOR'",
        f"{place}'zone': no time zone is called 'Mars'; expected a name like 'Asia/Shanghai'",
    ]


@pytest.mark.parametrize("key", ["devices", "quantities"])
@pytest.mark.parametrize("value", ["3", "[1]", '{ "a" = 1 }'])
def test_a_table_of_texts_that_is_none_is_one_problem(tmp_path: Path, key: str, value: str) -> None:
    text = f'[[mqtt_source]]\nid = "S"\ntopic = "t"\n{key} = {value}\n'
    assert all(f"key {key!r}" in problem for problem in problems_of(tmp_path, text))


def _swap(tmp_path: Path, opening: str) -> Registry:
    path = tmp_path / "swap.toml"
    text = f"[[meter]]\nid = 'M'\n[[installation]]\nmeter = 'M'\nfrom = 2026-01-01\nopening = {opening}\n"
    path.write_text(text, "utf-8")
    return read_registry(path)


def test_opening_registers_are_read_by_quantity_and_rate(tmp_path: Path) -> None:
    registry = _swap(tmp_path, "{ active_energy_import = 0.4, active_energy_import_t1 = 0 }")
    assert registry.installations[0].opening == {"active_energy_import": 0.4, "active_energy_import_t1": 0.0}
    assert registry.installations[0].closing == {}


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        ("{ voltage_a = 1 }", "'voltage_a' is no energy register"),
        ("{ active_energy_import = -1 }", "zero or more, not -1"),
        ("0.4", "expected a table"),
    ],
)
def test_an_opening_register_that_is_none_is_refused(tmp_path: Path, opening: str, said: str) -> None:
    with pytest.raises(RegistryError, match=said):
        _swap(tmp_path, opening)
