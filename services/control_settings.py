"""What an installation may change in meters, and with which passwords: environment variables or files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pipeline.errors import ConfigError, NotAllowedError
from protocols.dlt645.authority import Authority, Password
from protocols.dlt645.frame import ADDRESS_DIGITS, padded_address
from services.capabilities import CLOCKS, WRITES, Capability
from services.secret_files import GROUP_AND_EVERYBODY, read_secret
from services.settings import PREFIX, load

"""Whoever may read a password file beside its owner."""


def default_audit_file() -> Path:
    """Return the place of the audit in the user's data folder."""
    return Path.home() / ".local" / "share" / "kilowatch" / "audit.jsonl"


class ControlSettings(BaseSettings):
    """One field is one variable: ``allow_clock`` is ``KILOWATCH_ALLOW_CLOCK``; all is off by default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    allow_clock: bool = Field(default=False, description="set meters' clocks by at most five minutes")
    allow_clock_sync: bool = Field(
        default=False, description="the collector sets clocks by at most five minutes by itself"
    )
    allow_writes: Annotated[frozenset[Capability], NoDecode] = Field(
        default=frozenset(), description=f"with commas: {', '.join(WRITES)}"
    )
    protected_meters: Annotated[frozenset[str], NoDecode] = Field(
        default=frozenset(),
        description="addresses whose supply is never opened (保电), with commas, beside the archive's",
    )
    meter_passwords: SecretStr | None = Field(
        default=None, description="CLASS:DIGITS with commas, such as 02:......,04:......"
    )
    meter_password_file: Path | None = Field(default=None, description="the same, one a line, mode 0600")
    new_meter_password: SecretStr | None = Field(
        default=None, description="CLASS:DIGITS that `control password` gives the meter"
    )
    new_meter_password_file: Path | None = Field(default=None, description="the same in a file, mode 0600")
    meter_operator: str | None = Field(default=None, description="operator code, eight digits")
    audit_file: Path = Field(default_factory=default_audit_file, description="the record of all orders")
    order_valid_minutes: int = Field(default=480, ge=1, le=7 * 1440, description="how long an order waits")

    @field_validator("allow_writes", mode="before")
    @classmethod
    def _capabilities(cls, given: object) -> object:
        return frozenset(given.replace(",", " ").split()) if isinstance(given, str) else given

    @field_validator("allow_writes")
    @classmethod
    def _only_writes(cls, given: frozenset[Capability]) -> frozenset[Capability]:
        for clock in given.intersection(CLOCKS):
            raise ValueError(f"this has its own setting, {PREFIX}ALLOW_{clock.upper()}")
        return given

    @field_validator("protected_meters", mode="before")
    @classmethod
    def _addresses(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        named = given.replace(",", " ").split()
        wrong = [address for address in named if not address.isdigit() or len(address) > ADDRESS_DIGITS]
        if wrong:  # a meter that is misspelt here would not be protected
            raise ValueError(f"an address has up to {ADDRESS_DIGITS} digits, not {', '.join(wrong)}")
        return frozenset(map(padded_address, named))

    def require(self, capability: Capability) -> None:
        """Complain when an installation does not allow something.

        Raises:
            NotAllowedError: With the variable that would allow it.
        """
        if capability in CLOCKS:
            allowed = self.allow_clock if capability is Capability.CLOCK else self.allow_clock_sync
            wanted = f"{PREFIX}ALLOW_{capability.upper()}=true"
        else:
            allowed = capability in self.allow_writes
            wanted = f"{PREFIX}ALLOW_WRITES={','.join(sorted({*self.allow_writes, capability}))}"
        if not allowed:
            raise NotAllowedError(
                f"this installation does not change meters so ({capability}): it is off by default; "
                f"whoever answers for it sets {wanted}"
            )

    def authority(self, level: int) -> Authority:
        """Return who we are to a meter, with the password of one class.

        Raises:
            ConfigError: If the password or the operator code is not set, or is none.
        """
        if self.meter_operator is None:
            raise ConfigError(f"no operator code: set {PREFIX}METER_OPERATOR to eight digits")
        try:
            return Authority(password=self.password(level), operator=self.meter_operator)
        except ValueError as error:
            raise ConfigError(f"{PREFIX}METER_OPERATOR: {error}") from None

    def password(self, level: int) -> Password:
        """Return the meters' password of one class; there is no default.

        Raises:
            ConfigError: If it is not set, or what is set is none.
        """
        known = self.passwords()
        if level not in known:
            raise ConfigError(
                f"no password of class {level:02d}: set {PREFIX}METER_PASSWORDS={level:02d}:DIGITS, or name "
                f"a file of mode 0600 in {PREFIX}METER_PASSWORD_FILE"
            )
        return known[level]

    def passwords(self) -> Mapping[int, Password]:
        """Return the meters' passwords by class.

        Raises:
            ConfigError: If what is set is none, or others may read its file.
        """
        text = _secret(self.meter_passwords, self.meter_password_file, "METER_PASSWORD")
        found = [_password(entry, "METER_PASSWORDS") for entry in text.replace(",", " ").split()]
        return {password.level: password for password in found}

    def new_password(self) -> Password:
        """Return the password to give a meter.

        Raises:
            ConfigError: If it is not set, or is none.
        """
        text = _secret(self.new_meter_password, self.new_meter_password_file, "NEW_METER_PASSWORD")
        if not text:
            raise ConfigError(
                f"no new password: set {PREFIX}NEW_METER_PASSWORD=CLASS:DIGITS, or the file's name"
            )
        return _password(text.strip(), "NEW_METER_PASSWORD")


def load_control_settings() -> ControlSettings:
    """Read the environment.

    Raises:
        ConfigError: Naming every variable that does not fit.
    """
    return load(ControlSettings)


def _secret(given: SecretStr | None, file: Path | None, name: str) -> str:
    if file is None:
        return given.get_secret_value() if given is not None else ""
    return read_secret(file, f"{PREFIX}{name}_FILE", closed_to=GROUP_AND_EVERYBODY)


def _password(entry: str, name: str) -> Password:
    """Read CLASS:DIGITS; no error repeats what was given."""
    level, colon, digits = entry.partition(":")
    if not colon or not (level.isascii() and level.isdigit()):
        raise ConfigError(f"{PREFIX}{name}: write CLASS:DIGITS, a class of 00 to 09 and six digits")
    try:
        return Password(int(level), digits)
    except ValueError as error:
        raise ConfigError(f"{PREFIX}{name}: {error}") from None
