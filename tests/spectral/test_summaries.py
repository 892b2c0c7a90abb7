"""Bands of a fraction of an octave, and the median over columns, on noise of known density."""

import numpy as np
import pytest
import scipy.signal
from obspy import Trace, UTCDateTime

import paektuseis as ps

T0 = UTCDateTime("2014-03-01")


def trace(data, rate=100.0):
    return Trace(np.asarray(data), {"starttime": T0, "sampling_rate": rate})


def made(values, spacing=0.1, **more):
    return ps.types.Spectrogram(
        starttime=T0,
        step=60.0,
        window=10.0,
        frequencies=np.arange(len(values)) * spacing,
        values=np.asarray(values, dtype=float),
        units="counts**2/Hz",
        statistic="power spectral density",
        trace_id="A.B..C",
        method="made by hand",
        **more,
    )


@pytest.mark.parametrize("per_octave", [3, 12])
def test_octave_bands_are_means_of_the_nearest_frequencies(rng, per_octave):
    gram = made(rng.exponential(size=(501, 4)))
    small = ps.octave_bands(gram, per_octave=per_octave)
    f, used = gram.frequencies, np.zeros(501, dtype=int)
    for centre, row in zip(small.frequencies, small.values, strict=True):
        half = 2 ** (0.5 / per_octave)
        inside = (f >= centre / half) & (f < centre * half)
        used += inside
        assert row == pytest.approx(gram.values[inside].mean(axis=0), rel=1e-12)
        number = per_octave * np.log2(centre)
        assert number == pytest.approx(round(number), abs=1e-9)
    assert used[0] == 0
    top = small.frequencies[-1] * 2 ** (0.5 / per_octave)
    assert np.array_equal(used, (f > 0) & (f < top))  # each once; above, a band is cut off
    assert top > 50 / 2 ** (1 / per_octave)
    assert np.all(np.diff(small.frequencies) > 0)
    assert small.frequencies[-1] * 2 ** (0.5 / per_octave) <= 50.05


def test_a_day_of_minutes_is_75_columns_wide(rng):
    gram = ps.spectrogram(trace(rng.normal(size=12_000)), window=10.24, overlap=0.5, average=60)
    small = ps.octave_bands(gram)
    assert small.values.shape == (75, 2)
    assert (small.step, small.units, small.starttime) == (gram.step, gram.units, gram.starttime)
    assert "1/12 octave" in small.method


def test_octave_bands_keep_power_blanks_and_limits():
    values = np.full((501, 3), 4.0)
    values[:, 1] = np.nan
    small = ps.octave_bands(made(values), freqmin=1.0, freqmax=16.0)
    assert small.values[:, 0] == pytest.approx(4.0, rel=1e-14)
    assert np.isnan(small.values[:, 1]).all()
    assert (small.frequencies[0], small.frequencies[-1]) == (1.0, 16.0)
    numbers = np.round(12 * np.log2(small.frequencies)).tolist()
    assert numbers[-40:] == list(range(9, 49))  # from 1.7 Hz on every band holds a frequency
    assert small.dof is None


def test_octave_bands_do_not_depend_on_the_window(rng):
    tr = trace(rng.normal(size=60_000))
    short, long = (
        ps.octave_bands(ps.spectrogram(tr, window=w, overlap=0.5, average=60)) for w in (5.0, 20.0)
    )
    assert set(short.frequencies[short.frequencies > 10]) <= set(long.frequencies)


def test_octave_bands_refuse():
    with pytest.raises(ps.ParameterError, match="per_octave"):
        ps.octave_bands(made(np.ones((50, 2))), per_octave=0)
    with pytest.raises(ps.ParameterError, match="no band"):
        ps.octave_bands(made(np.ones((50, 2))), freqmin=90)
    uneven = made(np.ones((50, 2)))
    uneven.frequencies[3] += 0.05
    with pytest.raises(ps.ParameterError, match="evenly"):
        ps.octave_bands(uneven)


@pytest.mark.parametrize(("average", "overlap", "bias"), [(10, 0.5, 0.88), (60, 0.5, 0.98)])
def test_median_spectrum_of_noise_of_known_density(rng, average, overlap, bias):
    a, rate = 0.7, 20.0
    x = scipy.signal.lfilter([1.0], [1.0, -a], rng.normal(size=600_000))
    gram = ps.spectrogram(trace(x, rate), window=5, overlap=overlap, average=average)
    psd = ps.median_spectrum(gram)
    inner = slice(2, -2)  # 0 Hz and Nyquist have half the degrees of freedom
    f = psd.frequencies[inner]
    truth = 2 / rate / np.abs(1 - a * np.exp(-2j * np.pi * f / rate)) ** 2
    ratio = psd.values[inner] / truth
    assert ratio.mean() == pytest.approx(1.0, abs=0.005)
    assert np.abs(ratio - 1).max() < 0.06
    raw = np.median(gram.values[inner], axis=1) / truth
    assert raw.mean() == pytest.approx(bias, abs=0.01)  # what is corrected is not small
    small = ps.octave_bands(gram, per_octave=3, freqmin=1, freqmax=8)
    bins = np.abs(1 - a * np.exp(-2j * np.pi * gram.frequencies / rate)) ** -2.0 * 2 / rate
    third = ps.octave_bands(made(bins[:, None], 0.2), per_octave=3, freqmin=1, freqmax=8)
    assert ps.median_spectrum(small).values == pytest.approx(third.values[:, 0], rel=0.04)


def test_degrees_of_freedom_are_those_of_the_scatter(rng):
    tr = trace(rng.normal(size=1_200_000), 20.0)
    gram = ps.spectrogram(tr, window=5, overlap=0.5, average=20)
    for some in (gram, ps.octave_bands(gram, per_octave=3, freqmin=1, freqmax=8)):
        inner = some.values[3:-3] if some is gram else some.values
        seen = 2 / (inner.std(axis=1) / inner.mean(axis=1)) ** 2
        told = (
            np.broadcast_to(some.dof, some.values.shape)[-4, 0] if some is gram else some.dof[:, 0]
        )
        assert np.mean(seen / told) == pytest.approx(1.0, abs=0.03)


def test_median_spectrum_passes_over_events_and_blanks(rng):
    x = rng.normal(size=360_000)
    quiet = ps.median_spectrum(ps.spectrogram(trace(x), window=5, overlap=0.5, average=60))
    x[60_000:90_000] *= 1000
    gram = ps.spectrogram(trace(x), window=5, overlap=0.5, average=60)
    gram.values[:, 40:50] = np.nan
    psd = ps.median_spectrum(gram)
    assert psd.values[2:-2].mean() == pytest.approx(quiet.values[2:-2].mean(), rel=0.05)
    assert psd.coverage == pytest.approx(5 / 6)
    assert (psd.starttime, psd.endtime) == (T0, T0 + 3600)
    assert (psd.units, psd.statistic) == ("(counts)**2/Hz", "power spectral density")
    assert "median of 50 columns" in psd.method


def test_one_column_is_itself(rng):
    gram = ps.spectrogram(trace(rng.normal(size=6000)), window=5, overlap=0.5, average=60)
    assert np.array_equal(ps.median_spectrum(gram).values, gram.values[:, 0])


def test_median_spectrum_refuses():
    with pytest.raises(ps.ParameterError, match="degrees of freedom"):
        ps.median_spectrum(made(np.ones((5, 3))))
    with pytest.raises(ps.WaveformError, match="no value"):
        ps.median_spectrum(made(np.full((5, 3), np.nan), dof=np.full(3, 20.0)))
