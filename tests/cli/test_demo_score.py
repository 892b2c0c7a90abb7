import pandas as pd

from paektuseis import tables
from paektuseis.cli.demo import score_text


def truth(*rows):
    return tables.TRUTH.frame(
        {
            "event_id": f"t{i}", "time": time, "origin_time": time, "label": label,
            "latitude": 42.0, "longitude": 128.0, "depth_km": 1.0, "magnitude": 1.0,
            "duration": duration, "freqmin": 1.0, "freqmax": 10.0, "snr": snr,
        }
        for i, (label, time, duration, snr) in enumerate(rows)
    )  # fmt: skip


def test_the_score_counts_what_was_planted_and_what_was_not():
    planted = truth(
        ("VT", "2014-06-15T00:01:00", 5.0, 9.0),
        ("VT", "2014-06-15T00:02:00", 5.0, 1.5),
        ("tremor", "2014-06-15T00:03:00", 60.0, 9.0),
    )
    times = ["00:01:01", "00:03:15", "00:03:50", "00:07:00"]
    events = pd.DataFrame(
        {
            "event_id": ["a", "b", "c", "d"],
            "time": pd.to_datetime([f"2014-06-15T{t}" for t in times], utc=True),
        }
    )
    text = score_text(events, planted)
    assert "VT 1 of 2 (missed: SNR 1.5)" in text
    assert "tremor 1 of 1" in text
    assert "1 of 4 events are nothing that was planted" in text
