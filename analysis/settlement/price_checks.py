"""Average prices to be looked at: impossible ones, and those apart from their class or from themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from statistics import median

from analysis.settlement.average_price import Effect, PriceChange, PriceParts, median_parts, price_change

MAD_TO_SIGMA = 1.4826
"""The standard deviation of normal values is so many times their median absolute deviation."""
LEAST_SPREAD = 0.01
"""Prices that hardly differ are given a spread of 1 % of their median, so that a cent is no outlier."""


class PriceCode(StrEnum):
    """Why a price should be looked at; texts stand in ``pipeline/locale/bill``."""

    IMPOSSIBLE = "below_lowest"
    """Below what all energy in the cheapest period costs: a wrong bill, whoever made it."""
    CLASS = "apart_from_class"
    ITSELF = "apart_from_itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLimits:
    """From when on a price is an outlier; own defaults, to be confirmed on real bills."""

    score: float = 3.5
    """Robust standard deviations."""
    class_share: float = 0.20
    """And so much of the class's median apart (detection.md 1.4: below 80 % of it)."""
    own_share: float = 0.05
    """And so much of its own median apart."""
    least_of_class: int = 8
    least_months: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCheck:
    """One price to be looked at, and what explains it."""

    code: PriceCode
    price: Decimal
    reference: Decimal
    """The lowest price that is possible, or the median."""
    score: float | None = None
    change: PriceChange | None = None
    """Against the median bill."""

    @property
    def effect(self) -> Effect | None:
        """What explains most of it."""
        return None if self.change is None else self.change.main_effect


def check_price(
    now: PriceParts,
    own: Sequence[PriceParts],
    like: Sequence[PriceParts],
    lowest: Decimal | None,
    limits: PriceLimits = PriceLimits(),
) -> list[PriceCheck]:
    """Return what is odd about the average price of a bill.

    Args:
        now: Its parts.
        own: Those of the same customer's earlier months.
        like: Those of the same month of others of its class and capacity band.
        lowest: What no price can be below (:func:`analysis.settlement.average_price.lowest_price`).
        limits: From when on it is an outlier.
    """
    found = []
    if lowest is not None and now.price < lowest:
        found.append(PriceCheck(code=PriceCode.IMPOSSIBLE, price=now.shown_price, reference=lowest))
    groups = (
        (PriceCode.CLASS, like, limits.class_share, limits.least_of_class),
        (PriceCode.ITSELF, own, limits.own_share, limits.least_months),
    )
    for code, others, share, least in groups:
        reference = median_parts(others)
        score = robust_score(float(now.price), [float(other.price) for other in others])
        if reference is None or score is None or len(others) < least:
            continue
        apart = abs(float(now.price - reference.price)) > share * abs(float(reference.price))
        if abs(score) > limits.score and apart:
            change = price_change(now, reference)
            found.append(
                PriceCheck(
                    code=code,
                    price=change.price,
                    reference=change.reference,
                    score=round(score, 2),
                    change=change,
                )
            )
    return found


def robust_score(value: float, others: Sequence[float]) -> float | None:
    """Return how many robust standard deviations a value lies from the median of others; None of none."""
    if not others:
        return None
    middle = median(others)
    spread = MAD_TO_SIGMA * median([abs(other - middle) for other in others])
    spread = max(spread, LEAST_SPREAD * abs(middle))
    if spread == 0:
        return 0.0 if value == middle else float("inf") * (1 if value > middle else -1)
    return (value - middle) / spread
