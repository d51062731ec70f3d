"""What may be changed in meters: nothing by default; passwords from the environment or a guarded file."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError, NotAllowedError
from services.capabilities import WRITES, Capability
from services.control_settings import ControlSettings, load_control_settings

SECRET = "135790"  # noqa: S105  # a test's own


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ControlSettings.model_fields:
        monkeypatch.delenv(f"KILOWATCH_{name.upper()}", raising=False)


@pytest.mark.parametrize("capability", list(Capability))
def test_everything_is_off_by_default_and_says_what_would_allow_it(capability: Capability) -> None:
    with pytest.raises(NotAllowedError, match=rf"{capability}.*off by default.*KILOWATCH_ALLOW_"):
        load_control_settings().require(capability)


def test_no_password_and_no_operator_is_there_by_default() -> None:
    settings = load_control_settings()
    with pytest.raises(ConfigError, match="set KILOWATCH_METER_OPERATOR"):
        settings.authority(4)
    with pytest.raises(ConfigError, match="no password of class 04"):
        settings.password(4)
    with pytest.raises(ConfigError, match="KILOWATCH_NEW_METER_PASSWORD"):
        settings.new_password()


def test_capabilities_are_switched_on_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_ALLOW_WRITES", "relay, alarm")
    settings = load_control_settings()
    settings.require(Capability.RELAY)
    settings.require(Capability.ALARM)
    for other in set(Capability) - {Capability.RELAY, Capability.ALARM}:
        with pytest.raises(NotAllowedError):
            settings.require(other)


def test_the_clock_is_a_setting_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_ALLOW_WRITES", ",".join(WRITES))
    with pytest.raises(NotAllowedError):
        load_control_settings().require(Capability.CLOCK)
    monkeypatch.setenv("KILOWATCH_ALLOW_CLOCK", "true")
    load_control_settings().require(Capability.CLOCK)


@pytest.mark.parametrize("given", ["everything", "relay,everything", "clock"])
def test_an_unknown_capability_is_named(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("KILOWATCH_ALLOW_WRITES", given)
    with pytest.raises(ConfigError, match="KILOWATCH_ALLOW_WRITES"):
        load_control_settings()


def test_passwords_come_by_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_METER_PASSWORDS", f"02:{SECRET},04:246802")
    monkeypatch.setenv("KILOWATCH_METER_OPERATOR", "00000001")
    settings = load_control_settings()
    assert settings.authority(2).wire == bytes.fromhex("02 90 57 13 01 00 00 00")
    assert settings.password(4).wire == bytes.fromhex("04 02 68 24")
    assert SECRET not in repr(settings)


def test_passwords_come_from_a_file_that_only_its_owner_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "passwords"
    file.write_text(f"02:{SECRET}\n04:246802\n", "utf-8")
    monkeypatch.setenv("KILOWATCH_METER_PASSWORD_FILE", str(file))
    for mode in (0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(ConfigError, match="others may read it; run chmod 600"):
            load_control_settings().passwords()
    file.chmod(0o600)
    assert sorted(load_control_settings().passwords()) == [2, 4]
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read: FileNotFoundError"):
        load_control_settings().passwords()


@pytest.mark.parametrize(
    "given", [SECRET, f"x:{SECRET}", f"04:{SECRET}9", f"99:{SECRET}", f"152:{SECRET}", "04:"]
)
def test_what_is_no_password_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("KILOWATCH_METER_PASSWORDS", given)
    with pytest.raises(ConfigError, match="KILOWATCH_METER_PASSWORDS") as caught:
        load_control_settings().passwords()
    assert SECRET not in str(caught.value)


def test_a_new_password_comes_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_NEW_METER_PASSWORD", f"04:{SECRET}")
    assert load_control_settings().new_password().level == 4
    file = tmp_path / "new"
    file.write_text(f"02:{SECRET}\n", "utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("KILOWATCH_NEW_METER_PASSWORD_FILE", str(file))
    assert load_control_settings().new_password().level == 2


def test_protected_meters_are_named_in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_PROTECTED_METERS", "101, 000000000202")
    assert load_control_settings().protected_meters == {"000000000101", "000000000202"}


@pytest.mark.parametrize("given", ["meter-1", "101,1234567890123", "AAAAAAAAAAAA"])
def test_a_misspelt_protected_meter_stops_everything(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("KILOWATCH_PROTECTED_METERS", given)
    with pytest.raises(ConfigError, match=r"KILOWATCH_PROTECTED_METERS.*up to 12 digits"):
        load_control_settings()
