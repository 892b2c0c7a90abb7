"""Grouping that begins at a quiet instant gives the events of grouping that begins earlier."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import UTCDateTime

from paektuseis import ParameterError, coincidence_candidates, tables
from paektuseis.detection import synchronised
from paektuseis.detection._frames import from_columns

T0 = UTCDateTime(2010, 9, 1)


def triggers(rows):
    """Triggers from (station, onset, end, detector) in seconds after T0."""
    stations, on, off, detectors = zip(*rows, strict=True)
    begin = T0.ns + np.rint(np.array(on) * 1e9).astype(np.int64)
    return from_columns(
        tables.TRIGGERS,
        {
            "trace_id": [f"1U.{s}..HHZ" for s in stations],
            "starttime": begin,
            "endtime": T0.ns + np.rint(np.array(off) * 1e9).astype(np.int64),
            "peak_ratio": 5.0 + (np.array(on) * 7) % 3,
            "peak_time": begin,
            "sta": 0.5,
            "lta": 20.0,
            "thr_off": 1.5,
            "freqmin": 5.0,
            "freqmax": 20.0,
            "detector": list(detectors),
        },
        len(begin),
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    need=st.integers(1, 3),
    window=st.sampled_from([0.0, 0.5, 3.0]),
    gap=st.sampled_from([0.0, 2.0]),
    spike=st.sampled_from([0.0, 0.05]),
)
def test_same_detections_after_since(seed, need, window, gap, spike):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 120))
    step = rng.choice([0.01, 0.5])  # a coarse step makes ties and touching ends
    on = np.rint(rng.uniform(0, 10 ** rng.uniform(1.3, 3), n) / step) * step
    off = on + np.rint(rng.exponential(rng.choice([0.3, 4]), n) / step) * step
    rows = triggers(
        zip(rng.choice(list("ABCD"), n), on, off, rng.choice(["vt", "lp"], n), strict=True)
    )
    since = T0 + float(rng.uniform(0, on.max() + 5))
    some = synchronised(rows, since=since, reach=window + gap)
    options = {
        "min_stations": need,
        "window": window,
        "merge_gap": gap,
        "spike_spread": spike,
    }
    limit = pd.Timestamp(since.ns, tz="UTC")

    def after(found):
        return found[found["starttime"] >= limit].reset_index(drop=True)

    whole = after(coincidence_candidates(rows, **options))
    pd.testing.assert_frame_equal(after(coincidence_candidates(some, **options)), whole)
    # nothing that begins later is lost, and what is there was there
    late = rows[rows["starttime"] >= limit]
    assert len(some[some["starttime"] >= limit]) == len(late)
    assert some["starttime"].isin(rows["starttime"]).all()


def test_by_hand():
    rows = triggers(
        [
            ("A", 0, 5, "vt"),
            ("B", 20, 60, "vt"),  # on until 60
            ("A", 30, 31, "vt"),
            ("C", 64, 70, "vt"),  # 4 s after that
            ("A", 90, 95, "vt"),
            ("A", 10, 200, "lp"),
        ]
    )

    def left(since, reach, detector="vt"):
        got = synchronised(rows, since=T0 + since, reach=reach)
        mine = got[got["detector"] == detector]
        return [round(t.timestamp() - T0.timestamp) for t in mine["starttime"]]

    assert left(80, 3) == [90]
    assert left(72, 3) == [64, 90]  # quiet since 73 only
    assert left(64, 3) == [64, 90]
    assert left(63, 3) == [20, 30, 64, 90]  # nothing on for 3 s only after 63
    assert left(80, 4) == [90]
    assert left(70, 4) == [20, 30, 64, 90]  # 4 s from 60 to 64 are not more than the reach
    assert left(10, 3) == [20, 30, 64, 90]
    assert left(8, 3) == [0, 20, 30, 64, 90]
    assert left(500, 3) == []
    assert left(63, 3, "lp") == [10]
    assert left(203, 3, "lp") == [10]
    assert left(204, 3, "lp") == []


def test_refusals_and_an_empty_table():
    empty = tables.TRIGGERS.frame()
    pd.testing.assert_frame_equal(synchronised(empty, since=T0, reach=3.0), empty)
    for reach in (-1.0, np.inf, np.nan):
        with pytest.raises(ParameterError, match="reach"):
            synchronised(empty, since=T0, reach=reach)
    with pytest.raises(ParameterError, match="lacks the columns"):
        synchronised(pd.DataFrame({"trace_id": []}), since=T0, reach=1.0)
