"""All detectors at once against the verbs one after the other, and against obspy."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.filter import bandpass as obspy_bandpass
from obspy.signal.trigger import recursive_sta_lta, trigger_onset

from paektuseis import (
    ParameterError,
    Settings,
    bandpass,
    detect_triggers,
    monitored_time,
    preprocess,
    provenance,
    sta_lta,
    tables,
    trigger_onsets,
)
from paektuseis.detection import _fused, _kernels
from paektuseis.processing._bank import bank_sections

T0 = UTCDateTime(2010, 9, 1)


@dataclass(frozen=True)
class Ear:
    """The least a detector must be."""

    name: str = "ear"
    freqmin: float = 5.0
    freqmax: float = 20.0
    corners: int = 4
    method: str = "recursive"
    sta: float = 0.5
    lta: float = 10.0
    thr_on: float = 3.0
    thr_off: float = 1.5
    freeze: bool = False
    min_duration: float = 0.0
    dead_time: float = 0.0


DETECTORS = [
    Ear(),
    Ear(name="low", freqmin=0.5, freqmax=5, sta=1, lta=8, thr_on=2.5, min_duration=0.4),
    Ear(name="slow", freqmin=0.1, freqmax=0.5, corners=2, sta=3, lta=30, thr_on=2, dead_time=20),
    Ear(name="short", sta=0.1, lta=2, thr_on=6, thr_off=3, dead_time=0.3),
]
OTHERS = [
    Ear(name="held", freeze=True),
    Ear(name="classic", method="classic"),
    Ear(name="delayed", method="delayed"),
    Ear(name="z", method="z"),
    Ear(name="carl", method="carl", thr_on=0.1, thr_off=0.05),
]


def counts(rng, n):
    """Drifting noise of counts with bursts over three decades."""
    x = rng.normal(size=n).cumsum() * 3 + rng.normal(size=n) * 200 - 1234
    for at in rng.integers(0, n, max(2, n // 4000)):
        burst = x[at : at + int(rng.integers(20, 900))]
        burst += rng.normal(size=burst.size) * 10 ** rng.uniform(2.5, 5)
    return np.rint(x).astype(np.int32)


def trace(data, start=T0, station="A", fs=100.0, **header):
    head = {"network": "1U", "station": station, "channel": "HHZ", "sampling_rate": fs}
    return Trace(data, {**head, "starttime": start, **header})


def verbs(stream, detectors, starttime=None, endtime=None):
    """The definition: one verb after the other."""
    triggers, monitoring = [], []
    ready = preprocess(stream, detrend="start")
    for d in detectors:
        cf = sta_lta(
            bandpass(ready, freqmin=d.freqmin, freqmax=d.freqmax, corners=d.corners),
            sta=d.sta,
            lta=d.lta,
            method=d.method,
            freeze=(d.thr_on, d.thr_off) if d.freeze else None,
        )
        triggers.append(
            trigger_onsets(
                cf,
                thr_on=d.thr_on,
                thr_off=d.thr_off,
                min_duration=d.min_duration,
                dead_time=d.dead_time,
                detector=d.name,
            )
        )
        monitoring.append(monitored_time(cf, starttime=starttime, endtime=endtime, detector=d.name))
    return tables.TRIGGERS.concat(triggers), tables.MONITORING.concat(monitoring)


def assert_same(got, want):
    exact = [c for c in want[0].columns if c != "peak_ratio"]
    pd.testing.assert_frame_equal(got[0][exact], want[0][exact])
    np.testing.assert_allclose(got[0]["peak_ratio"], want[0]["peak_ratio"], rtol=1e-12)
    pd.testing.assert_frame_equal(got[1], want[1])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from([np.int32, np.float32, np.float64, np.int16]),
    fs=st.sampled_from([100.0, 62.5]),
    dead=st.booleans(),
)
def test_equals_the_verbs_one_after_the_other(seed, kind, fs, dead):
    rng = np.random.default_rng(seed)
    stream = Stream()
    for station in "AB":
        start = T0 + rng.integers(0, 10**6) / 1e6
        for _ in range(int(rng.integers(1, 4))):
            n = int(rng.choice([2, 40, 700, 4096, 8193, 30_000]))
            x = counts(rng, n)
            if dead and n > 700:
                at, length = rng.integers(0, n), int(rng.integers(20, 6000))
                x[at : at + length] = rng.choice([0, int(x[at])])
            data = np.clip(x, -32_000, 32_000) if kind == np.int16 else x
            stream.append(trace(data.astype(kind), start, station, fs))
            start = start + n / fs + float(rng.choice([0.0, 0.03, 7.7]))
    before = [t.data.copy() for t in stream]
    assert_same(detect_triggers(stream, DETECTORS), verbs(stream, DETECTORS))
    span = {"starttime": T0 + 20, "endtime": T0 + 200}
    assert_same(
        detect_triggers(stream, DETECTORS[:1], **span), verbs(stream, DETECTORS[:1], **span)
    )
    for t, data in zip(stream, before, strict=True):
        np.testing.assert_array_equal(t.data, data)


def test_every_method_and_the_order_of_detectors(rng):
    stream = Stream([trace(counts(rng, 30_000), station=s) for s in "BA"])
    mixed = [OTHERS[0], DETECTORS[1], *OTHERS[1:], DETECTORS[0]]
    got = detect_triggers(stream, mixed)
    assert_same(got, verbs(stream, mixed))
    for table in got:
        assert list(dict.fromkeys(table["detector"])) == [d.name for d in mixed]
        assert set(table["trace_id"]) == {"1U.A..HHZ", "1U.B..HHZ"}
    tables.TRIGGERS.check(got[0], need=[c for c in tables.TRIGGERS.names if c != "flag"])


def test_equals_obspy_on_a_gap_free_record(rng):
    x = counts(rng, 200_000)
    d = replace(DETECTORS[0], thr_on=4.0)
    got, _ = detect_triggers(trace(x), [d])
    y = obspy_bandpass(x - x[:3000].mean(), d.freqmin, d.freqmax, 100.0, corners=4)
    want = trigger_onset(recursive_sta_lta(y, 50, 1000), d.thr_on, d.thr_off)
    # obspy also triggers while the filter settles and the averages fill
    want = want[want[:, 0] >= 1300]
    ns = got["starttime"].astype("int64") - T0.ns, got["endtime"].astype("int64") - T0.ns
    assert len(want) > 20
    np.testing.assert_array_equal(np.rint(np.array(ns).T / 1e7), want)


def test_settings_fit_and_earlier_processing_is_kept(rng):
    record = provenance.note(
        trace(counts(rng, 60_000)),
        freqmin=8.0,
        freqmax=30.0,
        valid_from=T0 + 100,
        valid_until=T0 + 500,
    )
    detectors = Settings().detectors
    got = detect_triggers(record, detectors)
    assert_same(got, verbs(record, detectors))
    first = got[1][got[1]["detector"] == detectors[0].name]
    assert first["state"].tolist() == ["blind", "monitored", "blind"]
    assert got[0]["freqmin"].unique().tolist() == [8.0]


def test_pieces_of_a_record_see_the_same(rng):
    """Where the read was cut does not show, once the averages have forgotten it."""
    x = counts(rng, 600_000)
    day = trace(x)
    whole, _ = detect_triggers(day, DETECTORS[:1])
    piece = day.slice(T0 + 2000.5, T0 + 5000.25)
    part, _ = detect_triggers(piece, DETECTORS[:1])
    inside = [
        f[(f["starttime"] > pd.Timestamp((T0 + 2600).datetime, tz="UTC"))
          & (f["endtime"] < pd.Timestamp((T0 + 5000).datetime, tz="UTC"))].reset_index(drop=True)
        for f in (whole, part)
    ]  # fmt: skip
    assert len(inside[0]) > 20
    exact = [c for c in whole.columns if c != "peak_ratio"]
    pd.testing.assert_frame_equal(inside[0][exact], inside[1][exact])
    np.testing.assert_allclose(inside[0]["peak_ratio"], inside[1]["peak_ratio"], rtol=1e-9)


def test_a_detector_that_cannot_run_does_not_lose_the_others(rng):
    stream = Stream([trace(counts(rng, 9000)), trace(counts(rng, 9000), station="SLOW", fs=25.0)])
    detectors = [
        DETECTORS[0],  # 20 Hz is above the Nyquist frequency of SLOW
        DETECTORS[1],
        replace(DETECTORS[1], name="deaf", thr_on=9.0),  # above lta/sta
        replace(DETECTORS[1], name="odd", sta=9.0),
        replace(DETECTORS[1], name="wrong", method="other"),
    ]
    problems: list[str] = []
    triggers, monitoring = detect_triggers(stream, detectors, problems=problems)
    assert [p.split(":")[0] for p in problems] == [
        "detector ear on 1U.SLOW..HHZ",
        *[f"detector {n} on 1U.{s}..HHZ" for n in ("deaf", "odd", "wrong") for s in ("A", "SLOW")],
    ]
    assert "Nyquist frequency 12.5 Hz" in problems[0]
    assert "never be reached" in problems[1]
    pairs = set(zip(monitoring["detector"], monitoring["trace_id"], strict=True))
    assert pairs == {("ear", "1U.A..HHZ"), ("low", "1U.A..HHZ"), ("low", "1U.SLOW..HHZ")}
    want = verbs(stream, detectors[1:2])
    assert_same(
        [f[f["detector"] == "low"].reset_index(drop=True) for f in (triggers, monitoring)], want
    )
    for bad in (detectors[:1], detectors[2:3], detectors[3:4], detectors[4:]):
        with pytest.raises(ParameterError):
            detect_triggers(stream, bad)


def test_nothing_given():
    with pytest.raises(ParameterError, match="give starttime and endtime"):
        detect_triggers(Stream(), DETECTORS)
    triggers, monitoring = detect_triggers(
        Stream(), DETECTORS, starttime=T0, endtime=T0 + 10, problems=[]
    )
    assert triggers.empty
    assert monitoring.empty
    assert list(triggers.columns) == tables.TRIGGERS.names
    with pytest.raises(ParameterError, match="not after"):
        detect_triggers(trace(np.arange(9000.0)), DETECTORS, starttime=T0, endtime=T0)
    triggers, monitoring = detect_triggers(trace(np.arange(9000.0)), [])
    assert triggers.empty
    assert monitoring.empty


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 700), level=st.floats(-12, 0))
def test_no_dead_run_escapes_the_quick_look(seed, length, level):
    """The one-pass kernel must suspect every record in which ``live_segments`` cuts."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12_000))
    x = rng.normal(size=n)
    at = int(rng.integers(0, n))
    x[at : at + length] *= 10**level if level > -11.5 else 0.0
    least = 2 * _fused.STRETCH - 1
    dead_run, nlta = int(rng.integers(least, 200)), int(rng.integers(70, 2000))
    rule = np.array([[50, nlta, 0, n - 1, 0, 0]])
    through = bank_sections([np.array([[1.0, 0, 0, 1, 0, 0]])])
    _, _, suspect = _fused.recursive_triggers(
        x, 0.0, through, rule, np.array([[3.0, 1.5]]), np.array([[0, n]])
    )
    live = _kernels.live_segments(x, dead_run, nlta)
    assert suspect[0] or live.tolist() == [[0, n]]
    np.testing.assert_array_equal(_fused.live_pieces(x, 0.0, through, dead_run, nlta), live)


def test_clean_noise_is_not_suspected(rng):
    """Looking twice costs as much again: noise with large events must not cause it."""
    x = counts(rng, 500_000)
    rule = np.array([[50, 2000, 0, x.size - 1, 0, 0]])
    through = bank_sections([np.array([[1.0, 0, 0, 1, 0, 0]])])
    _, _, suspect = _fused.recursive_triggers(
        x, float(x[:3000].mean()), through, rule, np.array([[3.0, 1.5]]), np.array([[0, x.size]])
    )
    assert not suspect[0]
