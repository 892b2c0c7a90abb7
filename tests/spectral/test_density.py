"""Power spectral densities against scipy, Parseval and planted gaps."""

import numpy as np
import pytest
import scipy.signal
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis.provenance import note
from paektuseis.spectral._average import median_bias

T0 = UTCDateTime("2014-03-01")


def trace(data, start=T0, rate=100.0):
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "starttime": start}
    return Trace(np.asarray(data), header | {"sampling_rate": rate})


@pytest.mark.parametrize("statistic", ["mean", "median"])
@pytest.mark.parametrize("detrend", ["constant", "linear"])
@pytest.mark.parametrize(("window", "overlap"), [(10.0, 0.5), (7.13, 0.75), (2.0, 0.0)])
def test_equals_scipy_welch(rng, statistic, detrend, window, overlap):
    x = rng.integers(-9000, 9000, 30_000).astype(np.int32)
    mine = ps.power_spectral_density(
        trace(x), window=window, overlap=overlap, statistic=statistic, detrend=detrend
    )
    size = round(window * 100)
    f, theirs = scipy.signal.welch(
        x.astype(float),
        100.0,
        nperseg=size,
        noverlap=round(size * overlap),
        detrend=detrend,
        average=statistic,
    )
    assert np.array_equal(mine.frequencies, f)
    assert np.abs(mine.values - theirs).max() < 1e-11 * theirs.max()
    assert mine.coverage == 1.0


@pytest.mark.parametrize("method", ["welch", "multitaper"])
@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_white_noise_keeps_its_variance(rng, method, statistic):
    x = rng.normal(0, 3.0, 60_000)
    psd = ps.power_spectral_density(trace(x), window=5, method=method, statistic=statistic)
    assert np.trapezoid(psd.values, psd.frequencies) == pytest.approx(9.0, rel=0.03)


@pytest.mark.parametrize("method", ["welch", "multitaper"])
def test_area_under_a_sine_is_half_its_amplitude_squared(method):
    t = np.arange(60_000) / 100
    psd = ps.power_spectral_density(trace(6 * np.sin(2 * np.pi * 5 * t)), window=20, method=method)
    near = np.abs(psd.frequencies - 5) < 1.0
    assert psd.values[near].sum() * psd.frequencies[1] == pytest.approx(18.0, rel=0.01)


def test_units_and_statistic(rng):
    psd = ps.power_spectral_density(note(trace(rng.normal(size=9000)), units="m/s"), window=10)
    assert psd.units == "(m/s)**2/Hz"
    assert psd.is_power
    assert "Welch, 17 Hann windows of 10 s" in psd.method


@pytest.mark.parametrize("method", ["welch", "multitaper"])
def test_limits_hold_the_truth_as_often_as_they_say(rng, method):
    truth = 1.0 / 50
    inside = [
        (psd.lower < truth) & (truth < psd.upper)
        for psd in (
            ps.power_spectral_density(
                trace(rng.normal(size=6000)), window=10, method=method, confidence=0.9
            )
            for _ in range(40)
        )
    ]
    share = np.mean([row[5:-5] for row in inside])
    assert 0.88 < share < (0.92 if method == "welch" else 0.97)


def test_one_multitaper_window_has_jackknife_limits(rng):
    psd = ps.power_spectral_density(
        trace(rng.normal(size=3000)), window=None, method="multitaper", time_bandwidth=4
    )
    assert "7 tapers" in psd.method
    assert "1 windows of 30 s" in psd.method
    inside = (psd.lower < 0.02) & (psd.upper > 0.02)
    assert 0.88 < inside[10:-10].mean() < 0.99


def test_multitaper_does_not_leak(rng):
    """A steep red spectrum: white and far-off frequencies stay as low as they are."""
    t = np.arange(6000) / 100
    x = 1e4 * np.sin(2 * np.pi * 0.237 * t) + rng.normal(size=6000)
    psd = ps.power_spectral_density(trace(x), window=None, method="multitaper")
    high = psd.values[(psd.frequencies > 5) & (psd.frequencies < 45)]
    assert 10 * np.log10(high.mean() / 0.02) == pytest.approx(0, abs=0.5)
    f, boxcar = scipy.signal.periodogram(x, 100.0)
    assert 10 * np.log10(boxcar[(f > 5) & (f < 45)].mean() / 0.02) > 20


def test_windows_that_touch_a_gap_are_left_out(rng):
    x = rng.normal(size=60_000)
    whole = trace(x)
    parts = Stream([whole.slice(T0, T0 + 199.99), whole.slice(T0 + 250, T0 + 599.99)])
    psd = ps.power_spectral_density(parts, window=10, overlap=0.5)
    used = [i for i in range(119) if i * 5 + 10 <= 200 or i * 5 >= 250]
    windows = np.array([x[i * 500 : i * 500 + 1000] for i in used])
    _, literal = scipy.signal.periodogram(windows, 100.0, "hann", detrend="constant")
    assert psd.values == pytest.approx(literal.mean(axis=0), rel=1e-9)
    assert psd.coverage == pytest.approx(len(used) / 119)


def test_samples_that_are_no_numbers_cost_their_windows_only(rng):
    x = rng.normal(size=10_000)
    y = x.copy()
    y[4321] = np.inf
    psd = ps.power_spectral_density(trace(y), window=10, overlap=0)
    assert psd.coverage == pytest.approx(0.9)
    good = np.delete(x.reshape(10, 1000), 4, axis=0)
    _, literal = scipy.signal.periodogram(good, 100.0, "hann", detrend="constant")
    assert psd.values == pytest.approx(literal.mean(axis=0), rel=1e-9)


def test_median_passes_over_a_burst(rng):
    x = rng.normal(size=60_000)
    x[20_000:20_500] *= 100
    mean = ps.power_spectral_density(trace(x), window=10)
    median = ps.power_spectral_density(trace(x), window=10, statistic="median")
    assert np.trapezoid(mean.values, mean.frequencies) > 20
    assert np.trapezoid(median.values, median.frequencies) == pytest.approx(1.0, rel=0.08)
    assert median.lower is None


def test_bias_of_the_median(rng):
    assert median_bias(1) == 1.0
    assert median_bias(3) == pytest.approx(1 + 1 / 3 - 1 / 2)  # by hand
    assert median_bias(100_001) == pytest.approx(np.log(2), abs=1e-5)
    drawn = np.median(rng.exponential(size=(200_000, 5)), axis=1).mean()
    assert median_bias(5) == pytest.approx(drawn, abs=0.005)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": -1}, "window"),
        ({"window": 0.01}, "holds 1 samples"),
        ({"overlap": 1.0}, "overlap"),
        ({"method": "fft"}, "welch, multitaper"),
        ({"statistic": "mode"}, "mean, median"),
        ({"detrend": "spline"}, "constant, linear"),
        ({"confidence": 1.5}, "confidence"),
        ({"method": "multitaper", "time_bandwidth": 0.2}, "time_bandwidth"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ps.ParameterError, match=words):
        ps.power_spectral_density(trace(np.arange(1000.0)), **({"window": 5} | options))


def test_record_shorter_than_the_window():
    with pytest.raises(ps.WaveformError, match=r"no window of 60 s.*10 s; shorten"):
        ps.power_spectral_density(trace(np.ones(1000)))
