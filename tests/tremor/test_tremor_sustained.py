"""Sustained tremor: what lasts is found, what does not is not, each station on its own level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.errors import ParameterError
from paektuseis.network import Network, NetworkStation
from paektuseis.provenance import note
from paektuseis.tremor._episodes import episodes
from paektuseis.tremor.sustained import running_reference

T0 = UTCDateTime("2020-01-01T00:00:00")
RATE = 20.0


def records(minutes=60, stations=3, tremor=(), quakes=(), level=1.0, seed=1, missing=()):
    """Noise; ``tremor`` as (first minute, last, factor); ``quakes`` as (second, peak)."""
    rng = np.random.default_rng(seed)
    n = int(minutes * 60 * RATE)
    t = np.arange(n) / RATE
    out = Stream()
    for s in range(stations):
        x = level * (s + 1) * rng.standard_normal(n)
        for a, b, factor in tremor:
            x[int(a * 60 * RATE) : int(b * 60 * RATE)] *= factor
        for at, peak in quakes:
            u = np.maximum(t - at, 0)
            x += level * peak * (u > 0) * np.exp(-u / 4.0) * rng.standard_normal(n)
        head = {"network": "XX", "station": f"S{s}", "channel": "HHZ"}
        head |= {"starttime": T0, "sampling_rate": RATE}
        tr = Trace(x, head)
        parts = Stream([tr])
        for which, a, b in missing:
            if which == s:
                parts = Stream([tr.slice(T0, T0 + a * 60 - 1), tr.slice(T0 + b * 60, T0 + 1e6)])
        out += parts
    return out


def test_planted_tremor_is_found_to_the_minute_and_short_quakes_are_not():
    st = records(tremor=[(20, 31, 4.0)], quakes=[(300, 300), (2700, 1000), (2730, 500)])
    before = [tr.data.copy() for tr in st]
    found = ps.find_tremor(st)
    tables.TREMOR.check(found)
    assert len(found) == 1
    row = found.iloc[0]
    assert row["starttime"] == pd.Timestamp("2020-01-01T00:20", tz="UTC")
    assert row["endtime"] == pd.Timestamp("2020-01-01T00:31", tz="UTC")
    assert row["stations"] == ("XX.S0", "XX.S1", "XX.S2")
    assert (row["kind"], row["n_stations"], row["units"]) == ("sustained", 3, "counts")
    assert np.isnan(row["reduced_displacement"])
    assert all((a == tr.data).all() for a, tr in zip(before, st, strict=True))
    peak = ps.rsam(st, window=60, statistic="median_abs", freqmin=1, freqmax=5)
    mine = peak[peak["starttime"] == row["peak_time"]]["value"]
    assert np.isclose(mine, row["peak"]).any()


def test_it_needs_stations_in_agreement_and_those_alive_only():
    st = records(stations=4)
    lone = records(stations=4, tremor=[(20, 30, 4.0)], seed=2)
    mixed = Stream([lone[0], *st[1:]])
    assert len(ps.find_tremor(mixed)) == 0
    assert len(ps.find_tremor(mixed, min_stations=1)) == 1
    assert len(ps.find_tremor(lone[:1])) == 1
    # two of four are dead while it lasts: two of two agree
    halved = records(stations=4, tremor=[(20, 30, 4.0)], missing=[(2, 19, 31), (3, 19, 31)], seed=3)
    found = ps.find_tremor(halved)
    assert found["stations"].tolist() == [("XX.S0", "XX.S1")]


def test_noise_makes_none_and_a_table_gives_what_records_give():
    st = records(minutes=180, tremor=[(100, 120, 3.0)], seed=5)
    table = ps.rsam(st, window=60, statistic="median_abs", freqmin=1, freqmax=5)
    a, b = ps.find_tremor(st), ps.find_tremor(table)
    pd.testing.assert_frame_equal(a, b)
    assert len(a) == 1
    assert len(ps.find_tremor(records(minutes=180, seed=6))) == 0


def test_scaling_the_records_changes_the_peak_only():
    st = records(tremor=[(20, 31, 4.0)])
    loud = st.copy()
    for tr in loud:
        tr.data = tr.data * 1000
    a, b = ps.find_tremor(st), ps.find_tremor(loud)
    assert b["peak"][0] == pytest.approx(1000 * a["peak"][0])
    assert a["starttime"].equals(b["starttime"])


def test_the_reference_is_the_percentile_of_what_is_calm():
    rng = np.random.default_rng(1)
    x = rng.uniform(1.0, 1.2, 100)
    x[40:60] = 5.0
    got = running_reference(x, span=1000, threshold=2.0, percentile=25, least=10)
    calm = np.delete(x, np.arange(40, 60))
    assert got == pytest.approx(np.full(100, np.percentile(calm, 25)))
    few = running_reference(x[:8], span=1000, threshold=2.0, percentile=25, least=10)
    assert np.isnan(few).all()


def test_reduced_displacement_is_that_of_the_planted_wave():
    net = Network(
        name="n",
        latitude=42,
        longitude=128,
        stations=tuple(
            NetworkStation(
                network="XX", station=f"S{s}", latitude=42, longitude=128.1, elevation_m=0
            )
            for s in range(2)
        ),
    )
    amplitude, f = 1e-6, 2.0  # m, Hz
    for units in ("m", "m/s"):
        st = records(stations=2, level=1e-10)
        for tr in st:
            t = np.arange(tr.stats.npts) / RATE
            wave = amplitude * np.sin(2 * np.pi * f * t)
            if units == "m/s":
                wave = amplitude * 2 * np.pi * f * np.cos(2 * np.pi * f * t)
            tr.data = tr.data + wave * ((t > 1200) & (t < 1800))
            note(tr, units=units)
        found = ps.find_tremor(st, network=net, source=(42.0, 128.0, 3.0))
        r = np.hypot(8.285, 3.0)  # km; a tenth of a degree at 42 N
        assert found["reduced_displacement"][0] == pytest.approx(
            100 * amplitude / np.sqrt(2) * r * 1e5, rel=0.03
        )
    told: list[str] = []
    counts = records(tremor=[(20, 31, 4.0)])
    ps.find_tremor(counts, network=net, source=(42.0, 128.0, 3.0), problems=told)
    assert "counts" in told[0]


def test_the_planted_tremor_of_the_sample(sample_dir):
    st = Stream()
    for path in sorted((sample_dir / "sds").rglob("*HHZ*")):
        st += ps.read_waveforms(path)
    found = ps.find_tremor(st)
    assert len(found) == 1
    truth = pd.read_csv(sample_dir / "truth.csv")
    row = truth[truth["label"] == "tremor"].iloc[0]
    start = pd.Timestamp(row["time"])
    assert abs((found["starttime"][0] - start).total_seconds()) <= 60
    end = start + pd.Timedelta(seconds=row["duration"])
    assert abs((found["endtime"][0] - end).total_seconds()) <= 60
    assert found["n_stations"][0] >= 5


def test_runs_of_windows():
    on = np.array([0, 1, 1, 0, 1, 0, 0, 1, 1, 1], dtype=bool)
    assert episodes(on, least=3, bridge=1) == [(1, 5), (7, 10)]
    assert episodes(on, least=3, bridge=0) == [(7, 10)]
    assert episodes(np.zeros(4, bool), least=1, bridge=1) == []


def test_refusals():
    st = records(minutes=5)
    with pytest.raises(ParameterError, match="threshold"):
        ps.find_tremor(st, threshold=1.0)
    with pytest.raises(ParameterError, match="percentile"):
        ps.find_tremor(st, percentile=100)
    with pytest.raises(ParameterError, match="min_stations"):
        ps.find_tremor(st, min_stations=0)
    told: list[str] = []
    assert len(ps.find_tremor(st, problems=told)) == 0
    assert "no reference" in told[0]
    table = ps.rsam(st, window=60, freqmin=1, freqmax=5)
    other = ps.rsam(st, window=60, freqmin=2, freqmax=5)
    with pytest.raises(ParameterError, match="freqmin"):
        ps.find_tremor(pd.concat([table, other]))
