"""Harmonic strength against a literal restatement, known lines and white noise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime
from scipy.signal import periodogram
from scipy.signal.windows import kaiser

import paektuseis as ps
from paektuseis import tables
from paektuseis.errors import ParameterError

T0 = UTCDateTime("2020-01-01T00:00:00")
RATE = 50.0


def lines(f0, *, minutes=10, overtones=5, snr=3.0, glide=0.0, stations=1, seed=1, on=(0, 1e9)):
    """Harmonics of f0 (Hz) gliding by ``glide`` Hz a minute, in white noise of rms 1."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(minutes * 60 * RATE)) / RATE
    phase = 2 * np.pi * (f0 * t + glide / 60 * t**2 / 2)
    tone = sum(np.sin(m * phase + m) for m in range(1, overtones + 1))
    tone = tone * snr * ((t >= on[0]) & (t < on[1]))
    head = {"network": "XX", "channel": "HHZ", "starttime": T0, "sampling_rate": RATE}
    return Stream(
        [
            Trace(tone + rng.standard_normal(t.size), head | {"station": f"S{k}"})
            for k in range(stations)
        ]
    )


def literal(x, rate, low=0.5):
    """Roman (2017) as the notes of harmonic_strength state it, step by step."""
    n = len(x)
    w = kaiser(n, 38)
    f, p = periodogram(x - x.mean(), rate, window=w, detrend=False)
    bandwidth = rate * np.sum(w**2) / np.sum(w) ** 2
    count = (len(p) - 1) // 6 + 1
    product = np.ones(count)
    for m in range(1, 7):
        product = product * p[::m][:count]
    best, place = -1.0, -1
    for i in range(1, count - 1):
        inside = low <= f[i] <= rate / 12
        top = product[i] > product[i - 1] and product[i] >= product[i + 1]
        if inside and top and product[i] > best:
            best, place = product[i], i
    at = []
    for m in range(1, 5):
        near = [i for i in range(len(f)) if abs(f[i] - m * f[place]) <= 0.1 + 1e-9]
        at.append(max(near, key=lambda i: p[i]))
    strength = []
    for a, b in pairwise(at):
        lo, hi = round(a + (b - a) * 0.25), round(a + (b - a) * 0.75)
        strength.append(p[at[len(strength)]] / (max(p[lo : hi + 1]) * bandwidth))
    return f[at[0]], strength, p[at[0]]


@pytest.mark.parametrize("f0", [0.8, 1.7, 3.1])
def test_it_is_the_literal_restatement(f0):
    st = lines(f0, minutes=3, snr=0.3)
    table = ps.harmonic_strength(st)
    tables.HARMONICS.check(table)
    assert len(table) == 3
    for k, row in enumerate(table.to_dict("records")):
        x = st[0].data[int(k * 60 * RATE) : int((k + 1) * 60 * RATE)]
        f, strength, power = literal(x, RATE)
        assert row["fundamental"] == pytest.approx(f, abs=1e-9)
        assert [row["hsi1"], row["hsi2"], row["hsi3"]] == pytest.approx(strength, rel=1e-8)
        assert row["power"] == pytest.approx(power, rel=1e-8)


@pytest.mark.parametrize("f0", [0.61, 1.3, 2.47, 4.0])
def test_the_fundamental_is_that_planted(f0):
    table = ps.harmonic_strength(lines(f0, minutes=4, overtones=6, snr=1.0))
    assert np.allclose(table["fundamental"], f0, atol=1.0 / 60)
    assert (table[["hsi1", "hsi2", "hsi3"]].min(axis=1) > 30).all()


def test_white_noise_passes_seldom():
    rng = np.random.default_rng(4)
    noise = Trace(rng.standard_normal(int(600 * 60 * RATE)), {"channel": "HHZ"})
    noise.stats.sampling_rate = RATE
    table = ps.harmonic_strength(Stream([noise]))
    share = (table[["hsi1", "hsi2", "hsi3"]].min(axis=1) >= 30).mean()
    assert len(table) == 600
    assert share <= 0.02
    assert len(ps.find_harmonic_tremor(table)) == 0


def test_strength_does_not_depend_on_gain():
    st = lines(1.5, minutes=2)
    loud = Stream([Trace(tr.data * 1e6, tr.stats) for tr in st])
    a, b = ps.harmonic_strength(st), ps.harmonic_strength(loud)
    assert np.allclose(a["hsi2"], b["hsi2"], rtol=1e-6)
    assert np.allclose(a["power"] * 1e12, b["power"], rtol=1e-6)


def test_a_gliding_line_is_followed():
    st = lines(1.0, minutes=12, glide=0.1, stations=3, on=(120, 600), snr=2.0)
    found = ps.find_harmonic_tremor(ps.harmonic_strength(st, window=20))
    assert len(found) == 1
    row = found.iloc[0]
    assert row["glide"] == pytest.approx(0.1, abs=0.01)
    assert row["starttime"] == pd.Timestamp("2020-01-01T00:02", tz="UTC")
    assert row["endtime"] == pd.Timestamp("2020-01-01T00:10", tz="UTC")
    assert row["fundamental_min"] == pytest.approx(1.2, abs=0.08)
    assert row["fundamental_max"] == pytest.approx(2.0, abs=0.08)
    assert row["n_stations"] == 3
    assert (row["kind"], row["units"]) == ("harmonic", "1/Hz")


def test_stations_must_agree_on_the_line():
    same = lines(1.5, stations=3, snr=2.0)
    assert len(ps.find_harmonic_tremor(ps.harmonic_strength(same))) == 1
    others = [lines(f, seed=k, snr=2.0)[0] for k, f in enumerate((1.1, 1.5, 2.3))]
    for k, tr in enumerate(others):
        tr.stats.station = f"S{k}"
    table = ps.harmonic_strength(Stream(others))
    assert len(ps.find_harmonic_tremor(table)) == 0
    assert len(ps.find_harmonic_tremor(table, min_stations=1)) == 1


def test_a_jump_begins_another_line():
    a, b = lines(1.0, minutes=5, snr=2.0), lines(2.6, minutes=5, snr=2.0)
    b[0].stats.starttime += 300
    found = ps.find_harmonic_tremor(ps.harmonic_strength(a + b))
    assert found["fundamental"].round(1).tolist() == [1.0, 2.6]


def test_a_gap_leaves_windows_out():
    st = lines(1.5, minutes=5, snr=2.0)
    tr = st[0]
    cut = Stream([tr.slice(T0, T0 + 100), tr.slice(T0 + 110, T0 + 1e5)])
    table = ps.harmonic_strength(cut)
    assert [t.minute for t in table["starttime"]] == [0, 2, 3, 4]


def test_the_planted_events_of_the_sample(sample_dir):
    st = Stream()
    for path in sorted((sample_dir / "sds").rglob("*HHZ*")):
        st += ps.read_waveforms(path)
    table = ps.harmonic_strength(st)
    found = ps.find_harmonic_tremor(table)
    assert len(found) == 1
    assert found["starttime"][0] == pd.Timestamp("2014-06-15T03:23", tz="UTC")
    assert found["endtime"][0] == pd.Timestamp("2014-06-15T03:28", tz="UTC")
    # planted: 1.14 gliding to 1.94 Hz
    assert found["fundamental_min"][0] == pytest.approx(1.14, abs=0.03)
    assert found["fundamental_max"][0] == pytest.approx(1.94, abs=0.08)
    single = ps.tremor.harmonic_track(table).set_index("starttime")
    minute = single.loc[pd.Timestamp("2014-06-15T03:10", tz="UTC")]
    assert minute["fundamental"] == pytest.approx(1.30, abs=0.02)


def test_refusals():
    with pytest.raises(ParameterError, match="periods"):
        ps.harmonic_strength(lines(1.0, minutes=1), window=10)
    with pytest.raises(ParameterError, match="Nyquist"):
        ps.harmonic_strength(lines(1.0, minutes=1), max_frequency=6.0)
    mixed = pd.concat([ps.harmonic_strength(lines(1.0, minutes=2), window=w) for w in (30, 60)])
    with pytest.raises(ParameterError, match="windows"):
        ps.find_harmonic_tremor(mixed)
