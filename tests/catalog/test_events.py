"""Detections of several bands merged to events, with measures and flags."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import UTCDateTime

from paektuseis import ParameterError, event_table, tables

T0 = UTCDateTime(2010, 9, 1)
A, B, C = "1U.A..HHZ", "1U.B..HHZ", "1U.C..HHZ"


def detections(*rows):
    """(detector, start, end, trace_ids, peak) in seconds after T0."""
    return tables.DETECTIONS.frame(
        {
            "event_id": f"{d}-{a:g}",
            "starttime": T0 + a,
            "endtime": T0 + b,
            "detector": d,
            "n_stations": len({t.split(".")[1] for t in ids}),
            "trace_ids": ids,
            "peak_ratio": peak,
            "best_trace_id": ids[-1],
        }
        for d, a, b, ids, peak in rows
    )


def test_two_bands_one_event():
    got = event_table(
        detections(
            ("lp", 2, 40, (B, C), 9.0),
            ("vt", 0, 8, (A, B), 5.0),
            ("vt", 100, 105, (A,), 4.0),
        )
    )
    tables.EVENTS.check(got, need=tables.EVENTS.names)
    assert got["event_id"].tolist() == ["vt-0", "vt-100"]
    row = got.iloc[0]
    assert row["time"].timestamp() == T0.timestamp
    assert row["duration"] == 40
    assert row["detectors"] == ("vt", "lp")
    assert row["trace_ids"] == (A, B, C)
    assert row["n_stations"] == 3
    assert (row["best_trace_id"], row["peak_ratio"]) == (C, 9.0)
    assert np.isnan(row["dominant_frequency"])
    assert row["peak_units"] == ""


@pytest.mark.parametrize(
    ("start", "events"),
    [
        (3.0, 1),  # within merge_gap, though the first is over
        (3.5, 2),  # neither close nor overlapping
    ],
)
def test_close_starts(start, events):
    rows = detections(("vt", 0, 1, (A,), 5.0), ("lp", start, 60, (A,), 5.0))
    assert len(event_table(rows, merge_gap=3)) == events


def test_overlap_merges_up_to_max_lag():
    rows = detections(("lp", 0, 300, (A,), 5.0), ("vt", 20, 25, (A,), 5.0))
    assert len(event_table(rows)) == 1
    rows = detections(("lp", 0, 300, (A,), 5.0), ("vt", 40, 45, (A,), 5.0))
    assert len(event_table(rows)) == 2


def test_a_swarm_inside_tremor_stays_a_swarm():
    rows = detections(
        ("lp", 0, 300, (A,), 5.0),
        *[("vt", t, t + 4, (A,), 5.0) for t in (1, 12, 20, 28, 200)],
    )
    got = event_table(rows)
    assert got["detectors"].tolist() == [("lp", "vt"), ("vt",), ("vt",), ("vt",), ("vt",)]


def test_vetoed_are_left_out_and_order_does_not_matter():
    rows = detections(("vt", 0, 5, (A,), 5.0), ("vt", 50, 55, (B,), 5.0), ("lp", 51, 60, (C,), 7.0))
    rows.loc[0, "veto"] = "simultaneous onsets"
    got = event_table(rows)
    assert got["event_id"].tolist() == ["vt-50"]
    pd.testing.assert_frame_equal(event_table(rows.iloc[::-1]), got)
    assert len(event_table(rows.iloc[:1])) == 0
    assert len(event_table(tables.DETECTIONS.frame())) == 0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), gap=st.floats(0, 10))
def test_each_detection_goes_to_one_event(seed, gap):
    rng = np.random.default_rng(seed)
    start = np.sort(rng.uniform(0, 200, 30))
    rows = detections(
        *[
            (str(rng.choice(["vt", "lp", "vlp"])), t, t + d, (A,), 5.0)
            for t, d in zip(start, rng.uniform(0, 60, 30), strict=True)
        ]
    )
    got = event_table(rows, merge_gap=gap)
    assert sum(len(d) for d in got["detectors"]) == 30
    assert all(len(set(d)) == len(d) for d in got["detectors"])
    assert got["event_id"].is_unique
    assert set(got["event_id"]) <= set(rows["event_id"])
    shuffled = rows.sample(frac=1, random_state=seed % 1000)
    pd.testing.assert_frame_equal(event_table(shuffled, merge_gap=gap), got)


def test_measures_come_from_the_best_channel():
    rows = detections(("vt", 0, 5, (A, B), 5.0), ("vt", 50, 55, (C,), 5.0))
    span = {"starttime": T0, "endtime": T0 + 5, "freqmin": 1.0, "freqmax": 20.0, "coverage": 1.0}
    attributes = tables.ATTRIBUTES.frame(
        {"trace_id": t, "attribute": name, "value": v, "units": "Hz", "event_id": e, **span}
        for t, name, v, e in (
            (A, "dominant_frequency", 3.0, "vt-0"),
            (B, "dominant_frequency", 7.0, "vt-0"),
            (B, "frequency_index", -0.3, "vt-0"),
            (B, "shape_factor", 0.5, "vt-0"),
            ("1U.C..HHN", "dominant_frequency", 4.0, "vt-50"),  # another channel of the station
            (A, "frequency_index", -2.0, "vt-50"),  # another station: not taken
        )
    )
    amplitudes = tables.AMPLITUDES.frame(
        {
            "trace_id": t,
            "time": T0 + 1,
            "value": v,
            "units": "m/s",
            "statistic": s,
            "event_id": "vt-0",
            **span,
        }
        for t, v, s in (
            (A, 9e-5, "peak_abs"),
            (B, 1e-6, "peak_abs"),
            (B, 3e-6, "peak_abs"),
            (B, 8e-6, "peak_to_peak"),
        )
    )
    got = event_table(rows, attributes=attributes, amplitudes=amplitudes)
    assert got["dominant_frequency"].tolist() == [7.0, 4.0]
    assert got["frequency_index"].iloc[0] == -0.3
    assert np.isnan(got["frequency_index"].iloc[1])
    assert got["peak_amplitude"].iloc[0] == 3e-6
    assert got["peak_units"].tolist() == ["m/s", ""]


def test_flags_from_the_quality_table():
    rows = detections(("vt", 10, 20, (A, B), 5.0), ("vt", 50, 55, (C,), 5.0))
    quality = tables.QUALITY.frame(
        {
            "trace_id": t,
            "starttime": T0 + a,
            "endtime": T0 + b,
            "check": c,
            "severity": s,
            "message": "",
            "value": 1.0,
        }
        for t, a, b, c, s in (
            (A, 0, 10, "spike", "warning"),
            (A, 15, 16, "clipped", "error"),
            (A, 12, 13, "dc_drift", "info"),
            (B, 21, 30, "flat", "error"),
            (C, 10, 20, "step", "warning"),
        )
    )
    got = event_table(rows, quality=quality)
    assert got["flags"].tolist() == [(f"spike {A}", f"clipped {A}"), ()]


def test_refusals():
    rows = detections(("vt", 0, 5, (A,), 5.0))
    with pytest.raises(ParameterError, match="merge_gap"):
        event_table(rows, merge_gap=-1)
    with pytest.raises(ParameterError, match="lacks the columns"):
        event_table(rows.drop(columns="n_stations"))
    with pytest.raises(ParameterError, match="lacks the columns"):
        event_table(rows, attributes=pd.DataFrame({"value": [1.0]}))
