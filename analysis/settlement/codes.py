"""Codes of what may be found while a bill is made; their texts stand in ``pipeline/locale/bill``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from analysis.settlement.bill import BillFinding
from pipeline.model import Json


class Code(StrEnum):
    """Why a bill is refused, or what in it is an estimate or to be looked at."""

    # What is agreed
    CONTRACT_GAP = "contract_gap"
    CONTRACT_OVERLAP = "contract_overlap"
    TARIFF_GAP = "tariff_gap"
    PRICE_MISSING = "price_missing"
    BASIC_KIND_UNKNOWN = "basic_kind_unknown"
    BASIC_TERMS_MISSING = "basic_terms_missing"
    CAPACITY_UNKNOWN = "capacity_unknown"
    POWER_FACTOR_STANDARD_UNKNOWN = "power_factor_standard_unknown"
    LOSS_TERMS_MISSING = "loss_terms_missing"
    TRANSFORMER_UNKNOWN = "transformer_unknown"
    MARKET_UNUSABLE = "market_unusable"
    MARKET_OVER_ENERGY = "market_over_energy"
    SUSPENSION_TOO_SHORT = "suspension_too_short"
    SUSPENSION_OPEN = "suspension_open"
    # Registers
    REGISTER_MISSING = "register_missing"
    REGISTER_ESTIMATED = "register_estimated"
    SWAP_WITHOUT_CLOSING = "swap_without_closing"
    SWAP_WITHOUT_OPENING = "swap_without_opening"
    RATIO_GAP = "ratio_gap"
    REGISTER_CONFLICT = "register_conflict"
    TOTAL_MISSING = "total_missing"
    RAN_BACK = "ran_back"
    GREW_TOO_FAST = "grew_too_fast"
    REGISTERS_OVERLAP = "registers_overlap"
    NEGATIVE_ENERGY = "negative_energy"
    EXPORT_ON_CONSUMER = "export_on_consumer"
    DEMAND_MISSING = "demand_missing"
    DEMAND_OUTSIDE_MONTH = "demand_outside_month"
    DEMAND_FROM_INTERVALS = "demand_from_intervals"
    REACTIVE_MISSING = "reactive_missing"
    NO_ACTIVE_ENERGY = "no_active_energy"
    REACTIVE_SHARED = "reactive_shared"
    # Tie-outs and allocation
    RATES_DO_NOT_ADD_UP = "rates_do_not_add_up"
    RATES_UNUSED = "rates_unused"
    PERIODS_BY_TIME = "periods_by_time"
    SPLIT_BY_DAYS = "split_by_days"
    INTERVALS_MISSING = "intervals_missing"
    INTERVALS_ESTIMATED = "intervals_estimated"
    INTERVALS_TOO_LONG = "intervals_too_long"
    INTERVALS_NEGATIVE = "intervals_negative"
    INTERVALS_DO_NOT_TIE_OUT = "intervals_do_not_tie_out"
    REGISTERS_BEYOND_INTERVALS = "registers_beyond_intervals"


def finding(code: Code, /, **parameters: object) -> BillFinding:
    """Return what a person should know; parameters as they are stored."""
    return BillFinding(code=code.value, parameters={key: plain(value) for key, value in parameters.items()})


def refusal(code: Code, /, **parameters: object) -> BillFinding:
    """Return what forbids to give the bill out."""
    return replace(finding(code, **parameters), refuses=True)


def plain(value: object) -> Json:
    """Return a value of a basis or a finding as it is stored: numbers exactly, instants in ISO 8601."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, bool | int | float) or value is None else str(value)
