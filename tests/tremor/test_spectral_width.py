"""Spectral width: a literal restatement and the limits that are known."""

from __future__ import annotations

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis.errors import ParameterError, WaveformError

T0 = UTCDateTime("2020-01-01T00:00:00")
RATE = 20.0


def stream_of(rows):
    head = {"network": "XX", "channel": "HHZ", "starttime": T0, "sampling_rate": RATE}
    return Stream([Trace(x, head | {"station": f"S{k}"}) for k, x in enumerate(rows)])


@pytest.mark.parametrize("normalise", ["none", "whiten", "onebit"])
def test_it_is_the_literal_restatement(normalise):
    rng = np.random.default_rng(1)
    common = rng.standard_normal(6000)
    rows = [common * (k + 1) + rng.standard_normal(6000) for k in range(4)]
    got = ps.spectral_width(
        stream_of(rows), window=10, overlap=0.5, snapshots=8, normalise=normalise
    )
    size, hop, count = 200, 100, 8
    span = (count - 1) * hop + size
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    for column in (0, 3, got.values.shape[1] - 1):
        first = column * (count // 2) * hop
        cut = [x[first : first + span] - x[first : first + span].mean() for x in rows]
        if normalise == "onebit":
            cut = [np.sign(x) for x in cut]
        spectra = np.array(
            [[np.fft.rfft(taper * x[k * hop : k * hop + size]) for k in range(count)] for x in cut]
        )
        if normalise == "whiten":
            spectra = spectra / np.abs(spectra)
        for j in (5, 40, 90):
            covariance = np.zeros((4, 4), complex)
            for k in range(count):
                u = spectra[:, k, j]
                covariance += np.outer(u, u.conj()) / count
            eigen = sorted(np.linalg.eigvalsh(covariance), reverse=True)
            sigma = sum(n * e for n, e in enumerate(eigen)) / sum(eigen)
            assert got.values[j, column] == pytest.approx(sigma, rel=1e-9)
    assert got.step == 20.0
    assert got.window == span / RATE
    assert got.units == "1"


def test_one_source_is_zero_and_independent_noise_half_the_stations():
    rng = np.random.default_rng(2)
    x = rng.standard_normal(40_000)
    one = ps.spectral_width(stream_of([x, 2 * x, -x, 5 * x]), normalise="none")
    assert np.nanmax(one.values) < 1e-9
    # a delay of a fraction of the window leaves it nearly coherent
    delayed = ps.spectral_width(stream_of([np.roll(x, 3 * k) for k in range(4)]))
    assert np.nanmedian(delayed.values) < 0.2
    noise = rng.standard_normal((4, 200_000))
    wide = ps.spectral_width(stream_of(noise), overlap=0.0, snapshots=400)
    assert np.nanmean(wide.values[1:-1]) == pytest.approx(1.5, abs=0.1)
    assert np.nanmax(wide.values) <= 1.5 + 1e-9


def test_a_coherent_hour_in_noise_stands_out():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((5, 72_000))
    t = np.arange(72_000) / RATE
    source = rng.standard_normal(72_000) * ((t > 1500) & (t < 2400))
    got = ps.spectral_width(stream_of(rows + 3 * source), freqmin=1, freqmax=8)
    at = got.offsets + got.window / 2
    mean = got.values.mean(axis=0)
    inside = (at > 1700) & (at < 2200)
    outside = (at < 1300) | (at > 2600)
    assert mean[inside].max() < 0.6 * mean[outside].min()
    assert got.frequencies[0] >= 1
    assert got.frequencies[-1] <= 8


def test_a_gap_blanks_its_columns_only():
    rng = np.random.default_rng(4)
    st = stream_of(rng.standard_normal((3, 40_000)))
    st = Stream([*st[:2], st[2].slice(T0, T0 + 900), st[2].slice(T0 + 930, T0 + 1e5)])
    got = ps.spectral_width(st)
    blank = np.isnan(got.values).all(axis=0)
    at = got.offsets
    assert (blank == ((at < 930) & (at + got.window > 900.1))).all()
    assert blank.any()
    assert not blank.all()


def test_refusals():
    rng = np.random.default_rng(5)
    st = stream_of(rng.standard_normal((3, 4000)))
    with pytest.raises(WaveformError, match="two or more"):
        ps.spectral_width(st[:1])
    with pytest.raises(ParameterError, match="snapshots=2"):
        ps.spectral_width(st, snapshots=2)
    with pytest.raises(ParameterError, match="normalise"):
        ps.spectral_width(st, normalise="x")
    with pytest.raises(WaveformError, match="are needed"):
        ps.spectral_width(st, window=100)
    with pytest.raises(ParameterError, match="Nyquist"):
        ps.spectral_width(st, freqmax=10)
    st[0].stats.sampling_rate = 40
    with pytest.raises(WaveformError, match="rate"):
        ps.spectral_width(st)
