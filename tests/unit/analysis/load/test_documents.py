import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analysis.load.documents import load_document
from analysis.load.levels import load_levels
from analysis.load.summary import Facts, Subject, SubjectKind, summarise
from pipeline.timegrid import slot_grid


def test_a_summary_is_plain_json_with_times_in_utc() -> None:
    span = datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC)
    subject = Subject(
        kind=SubjectKind.METER,
        name="M",
        zone=ZoneInfo("Asia/Shanghai"),
        starts_at=slot_grid(*span, 15),
        minutes=15,
        import_kwh=np.full(96, 1.0 / 3.0),
        quality=np.full(96, "A"),
    )
    document = json.loads(json.dumps(load_document(summarise(subject, Facts(), span, load_levels()))))
    assert document["kind"] == "meter"
    assert document["starts_at"] == "2026-03-01T16:00:00+00:00"
    assert document["curve"]["maximum"] == {"kw": 1.333333, "at": span[0].isoformat(), "quality": "A"}
    assert document["curve"]["peak_day"]["day"] == (span[0] + timedelta(days=1)).date().isoformat()
    assert document["curve"]["mean_curve_kw"] == [1.333333] * 96
    assert document["transformer"] is None
