"""A calibrated model of what people confirmed, for cases nobody has looked at; needs the extra ``ml``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log1p

import numpy as np
from numpy.typing import NDArray

from pipeline.case_records import Case, Standing

FEWEST_RESULTS = 200
"""Below so many looked-at cases a model learns accidents (detection reference, D34)."""
FEWEST_OF_A_KIND = 20
"""Of the confirmed and of the others, so that each part of the cross-check has some."""
FOLDS = 5

Floats = NDArray[np.float64]


def probability_model(cases: Sequence[Case]) -> Callable[[Case], float] | None:
    """Return how likely a case is confirmed, learnt from those that people looked at.

    None where fewer than ``FEWEST_RESULTS`` are decided, or nearly all in one way. A logistic regression on
    the hits' scores, how many they are, and energy and length; calibrated by isotonic regression on parts of
    the cases that it did not learn from.

    Raises:
        ImportError: If scikit-learn is not installed.
    """
    decided = sorted(
        (case for case in cases if case.standing in {Standing.CONFIRMED, Standing.REJECTED}),
        key=lambda case: case.id,
    )
    truth = np.array([case.standing is Standing.CONFIRMED for case in decided])
    if len(decided) < FEWEST_RESULTS or min(truth.sum(), (~truth).sum()) < FEWEST_OF_A_KIND:
        return None
    from sklearn.calibration import CalibratedClassifierCV  # noqa: PLC0415 - only the extra has it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only the extra has it
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - only the extra has it
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - only the extra has it

    names = sorted({hit.detector for case in decided for hit in case.hits})
    base = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
    model = CalibratedClassifierCV(base, method="isotonic", cv=FOLDS, n_jobs=1)
    model.fit(np.array([_features(case, names) for case in decided]), truth)

    def probability(case: Case) -> float:
        return float(model.predict_proba(np.array([_features(case, names)]))[0, 1])

    return probability


def _features(case: Case, names: Sequence[str]) -> Floats:
    """Return what is known of a case before anybody looks; nothing that feedback has changed."""
    score = {hit.detector: hit.score for hit in case.hits}
    hours = (case.detected_at - case.starts_at).total_seconds() / 3600.0
    return np.array(
        [
            *(score.get(name, 0.0) for name in names),
            float(len(case.hits)),
            float(len(case.episodes)),
            log1p(max(0.0, *(hit.energy_kwh for hit in case.hits))),
            log1p(max(hours, 0.0)),
        ]
    )
