"""Amplitude spectra against closed forms and obspy."""

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.konnoohmachismoothing import konno_ohmachi_smoothing

import paektuseis as ps
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01")


def trace(data, start=T0, rate=100.0):
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "starttime": start}
    return Trace(np.asarray(data), header | {"sampling_rate": rate})


def test_sine_over_whole_cycles():
    t = np.arange(2000) / 100
    spectrum = ps.amplitude_spectrum(trace(50 + 8 * np.sin(2 * np.pi * 4 * t)), taper=0)
    peak = int(np.argmax(spectrum.values))
    assert spectrum.frequencies[peak] == 4.0
    assert spectrum.values[peak] == pytest.approx(8 * 20 / 2, rel=1e-12)  # A T / 2
    assert np.delete(spectrum.values, peak).max() < 1e-9  # the offset too is gone


def test_energy_is_conserved_and_units_follow(rng):
    x = rng.normal(size=1001)
    x -= x.mean()
    spectrum = ps.amplitude_spectrum(note(trace(x), units="m/s"), taper=0)
    df = spectrum.frequencies[1]
    energy = 2 * np.sum(spectrum.values[1:] ** 2) * df  # odd length: no Nyquist bin
    assert energy == pytest.approx(np.sum(x**2) * 0.01, rel=1e-12)
    assert spectrum.units == "(m/s)/Hz"
    assert ps.amplitude_spectrum(trace(x)).units == "counts/Hz"
    assert spectrum.statistic == "amplitude spectrum"
    assert not spectrum.is_power


def test_gaussian_pulse_has_the_transform_of_the_textbook():
    t = np.arange(6000) / 100 - 30
    spectrum = ps.amplitude_spectrum(trace(np.exp(-((t / 0.2) ** 2) / 2)), taper=0)
    f = spectrum.frequencies[1:]
    truth = 0.2 * np.sqrt(2 * np.pi) * np.exp(-2 * (np.pi * f * 0.2) ** 2)
    assert np.abs(spectrum.values[1:] - truth).max() < 1e-12


def test_taper_is_obspys():
    ones = Trace(np.ones(1000), {"sampling_rate": 100.0}).taper(0.05, type="cosine").data
    from paektuseis.spectral.fourier import cosine_taper

    assert np.abs(cosine_taper(1000, 0.05) - ones).max() < 0.04  # one sample's difference
    assert np.count_nonzero(cosine_taper(1000, 0.05) < 1) == 100


def test_window_takes_both_ends(rng):
    tr = trace(rng.normal(size=3000))
    part = ps.amplitude_spectrum(tr, starttime=T0 + 5, endtime=T0 + 15)
    whole = ps.amplitude_spectrum(tr.slice(T0 + 5, T0 + 15))
    assert np.array_equal(part.values, whole.values)
    assert (part.starttime, part.endtime) == (T0 + 5, T0 + 15)
    assert part.coverage == 1.0
    late = ps.amplitude_spectrum(tr, starttime=T0 + 20, endtime=T0 + 39.99)
    assert late.coverage == pytest.approx(0.5)


def test_smoothing_is_obspys(rng):
    tr = trace(np.abs(rng.normal(size=600)))
    raw = ps.amplitude_spectrum(tr)
    smooth = ps.amplitude_spectrum(tr, smoothing="konno-ohmachi", smoothing_bandwidth=30)
    theirs = konno_ohmachi_smoothing(
        raw.values[1:], raw.frequencies[1:], bandwidth=30, normalize=True
    )
    assert np.abs(smooth.values[1:] / theirs - 1).max() < 2e-3
    flat = ps.spectral._kernels  # a constant spectrum stays one
    f = np.log10(np.arange(1.0, 200.0))
    out = np.empty_like(f)
    flat.konno_ohmachi(f, np.sin(40 * f), np.cos(40 * f), 40.0, 3 * np.pi, np.full(199, 7.0), out)
    assert out == pytest.approx(np.full(199, 7.0))


def test_gap_is_an_error_that_says_what_to_do(rng):
    x = rng.normal(size=1000)
    broken = Stream([trace(x), trace(x, T0 + 20)])
    with pytest.raises(ps.WaveformError, match=r"1U\.JGPD\.\.HHZ has 1 gap.*starttime"):
        ps.amplitude_spectrum(broken)
    inside = ps.amplitude_spectrum(broken, starttime=T0 + 20, endtime=T0 + 30)
    assert np.array_equal(inside.values, ps.amplitude_spectrum(trace(x, T0 + 20)).values)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"taper": 0.6}, "taper"),
        ({"smoothing": "boxcar"}, "konno-ohmachi"),
        ({"smoothing": "konno-ohmachi", "smoothing_bandwidth": 0}, "smoothing_bandwidth"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ps.ParameterError, match=words):
        ps.amplitude_spectrum(trace(np.arange(100.0)), **options)


def test_no_number_and_no_sample():
    x = np.ones(100)
    x[3] = np.nan
    with pytest.raises(ps.WaveformError, match="no numbers"):
        ps.amplitude_spectrum(trace(x))
    with pytest.raises(ps.WaveformError, match="has no sample from"):
        ps.amplitude_spectrum(trace(np.ones(100)), starttime=T0 + 10)


def test_input_is_left_alone(rng):
    tr = trace(rng.normal(size=500))
    before = tr.copy()
    ps.amplitude_spectrum(tr, smoothing="konno-ohmachi")
    assert tr == before
