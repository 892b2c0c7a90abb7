"""Attributes against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01")


def trace(data, start=T0, rate=100.0, **header):
    names = {"network": "1U", "station": "JGPD", "channel": "HHZ"} | header
    return Trace(np.asarray(data), {"starttime": start, "sampling_rate": rate} | names)


def spectrum(f, values, statistic="power spectral density"):
    return ps.Spectrum(
        frequencies=np.asarray(f, float),
        values=np.asarray(values, float),
        units="(m/s)**2/Hz",
        statistic=statistic,
        trace_id="1U.JGPD..HHZ",
        starttime=T0,
        endtime=T0 + 10,
        method="made by hand",
        window=10.0,
    )


F = np.arange(0, 50.001, 0.01)


@pytest.mark.parametrize("frequency", [3.0, 1.237, 7.4499, 23.456])
@pytest.mark.parametrize("how", ["welch", "fourier"])
def test_a_pure_tone_is_where_it_is(frequency, how):
    x = np.sin(2 * np.pi * frequency * np.arange(60_000) / 100)
    if how == "welch":
        s, tolerance = ps.power_spectral_density(trace(x), window=20), 0.002
    else:
        s, tolerance = ps.amplitude_spectrum(trace(x), taper=0.5), 0.0001
    assert ps.dominant_frequency(s) == pytest.approx(frequency, abs=tolerance)


def test_three_hertz_is_three_hertz():
    x = np.sin(2 * np.pi * 3 * np.arange(1000) / 100)
    assert ps.dominant_frequency(ps.amplitude_spectrum(trace(x))) == pytest.approx(3.0, abs=2e-3)


def test_flat_band_closed_forms():
    a, b = 2.0, 8.0
    s = spectrum(F, np.ones_like(F))
    band = {"freqmin": a, "freqmax": b}
    m0, m1, m2 = b - a, (b**2 - a**2) / 2, (b**3 - a**3) / 3
    assert ps.centroid_frequency(s, **band) == pytest.approx(5.0, rel=1e-9)
    assert ps.central_frequency(s, **band) == pytest.approx(math.sqrt(m2 / m0), rel=1e-5)
    assert ps.shape_factor(s, **band) == pytest.approx(math.sqrt(1 - m1**2 / m0 / m2), rel=1e-4)
    assert ps.spectral_entropy(s, **band) == pytest.approx(1.0, abs=1e-12)
    assert ps.bandwidth(s, **band) == pytest.approx(6.0)


def test_gaussian_closed_forms():
    s = spectrum(F, np.exp(-((F - 10) ** 2) / (2 * 0.5**2)))
    assert ps.dominant_frequency(s) == pytest.approx(10.0, abs=1e-9)
    assert ps.centroid_frequency(s) == pytest.approx(10.0, abs=1e-9)
    assert ps.central_frequency(s) == pytest.approx(math.sqrt(100 + 0.25), rel=1e-6)
    assert ps.shape_factor(s) == pytest.approx(math.sqrt(1 - 100 / 100.25), rel=1e-4)
    # half of the power on both sides: 2 sigma sqrt(2 ln 2)
    assert ps.bandwidth(s) == pytest.approx(2 * 0.5 * math.sqrt(2 * math.log(2)), rel=1e-3)


def test_one_line():
    values = np.zeros_like(F)
    values[700] = 5.0
    s = spectrum(F, values)
    for measure in (ps.dominant_frequency, ps.centroid_frequency, ps.central_frequency):
        assert measure(s) == pytest.approx(7.0)
    assert ps.shape_factor(s) == pytest.approx(0.0, abs=1e-6)
    assert ps.spectral_entropy(s) == 0.0


def test_amplitude_and_its_power_agree(rng):
    amplitude = np.abs(rng.normal(size=F.size))
    one, other = spectrum(F, amplitude, "amplitude spectrum"), spectrum(F, amplitude**2)
    for measure in (
        ps.dominant_frequency,
        ps.centroid_frequency,
        ps.central_frequency,
        ps.shape_factor,
        ps.bandwidth,
        ps.spectral_entropy,
    ):
        assert measure(one) == pytest.approx(measure(other))
        assert isinstance(measure(one), float)
    assert ps.frequency_index(one) == pytest.approx(ps.frequency_index(other))


def test_frequency_index_by_hand():
    amplitude = np.where((F >= 1) & (F <= 2), 4.0, np.where((F >= 10) & (F <= 20), 0.04, 9.0))
    # band edges stand between grid points in floating point: fix them by a wider step
    amplitude[(np.abs(F - 1) < 0.02) | (np.abs(F - 2) < 0.02)] = 4.0
    amplitude[(np.abs(F - 10) < 0.02) | (np.abs(F - 20) < 0.02)] = 0.04
    s = spectrum(F, amplitude, "amplitude spectrum")
    assert ps.frequency_index(s) == pytest.approx(-2.0)
    assert ps.frequency_index(s, low=(10, 20), high=(1, 2)) == pytest.approx(2.0)
    assert ps.frequency_index(s, low=(3, 4), high=(5, 6)) == pytest.approx(0.0)


def test_frequency_index_tells_low_from_high(rng):
    t = np.arange(3000) / 100
    decay = np.exp(-t / 4)
    low = decay * np.sin(2 * np.pi * 1.5 * t) + 1e-3 * rng.normal(size=t.size)
    high = np.exp(-t) * np.sin(2 * np.pi * 14 * t) + 1e-3 * rng.normal(size=t.size)
    assert ps.frequency_index(ps.amplitude_spectrum(trace(low))) < -1.3
    assert ps.frequency_index(ps.amplitude_spectrum(trace(high))) > -0.4


@given(scale=st.floats(1e-9, 1e9), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_scale_changes_nothing(scale, seed):
    x = np.random.default_rng(seed).normal(size=500)
    one, other = (ps.amplitude_spectrum(trace(y)) for y in (x, scale * x))
    for measure in (
        ps.dominant_frequency,
        ps.centroid_frequency,
        ps.central_frequency,
        ps.shape_factor,
        ps.bandwidth,
        ps.spectral_entropy,
        ps.frequency_index,
    ):
        assert measure(one) == pytest.approx(measure(other), rel=1e-6)
    assert 0 <= ps.spectral_entropy(one) <= 1
    assert ps.centroid_frequency(one) <= ps.central_frequency(one)


def test_a_dead_channel_has_no_attributes():
    dead = ps.amplitude_spectrum(trace(np.full(1000, 7, dtype=np.int32)))
    for measure in (
        ps.dominant_frequency,
        ps.centroid_frequency,
        ps.central_frequency,
        ps.shape_factor,
        ps.bandwidth,
        ps.spectral_entropy,
        ps.frequency_index,
    ):
        assert math.isnan(measure(dead))


def test_bands_the_spectrum_does_not_have():
    s = ps.amplitude_spectrum(trace(np.arange(1000.0) % 7, rate=20.0))
    with pytest.raises(ps.ParameterError, match=r"freqmax=20 Hz is above 10 Hz"):
        ps.frequency_index(s)
    with pytest.raises(ps.ParameterError, match="no sample of the spectrum"):
        ps.centroid_frequency(s, freqmin=1.001, freqmax=1.002)
    with pytest.raises(ps.ParameterError, match="not below"):
        ps.bandwidth(s, freqmin=5, freqmax=2)
    with pytest.raises(ps.ParameterError, match="expected a Spectrum"):
        ps.bandwidth(np.ones(3))
    assert ps.centroid_frequency(s, freqmax=10) == ps.centroid_frequency(s)


def test_table_of_attributes(rng):
    stream = Stream([trace(rng.normal(size=2000), channel=c) for c in ("HHZ", "HHN")])
    table = ps.spectral_attributes(stream, freqmin=0.5, freqmax=30, event_id="e1")
    tables.ATTRIBUTES.check(table)
    assert list(table.columns) == tables.ATTRIBUTES.names
    assert len(table) == 14
    assert set(table.event_id) == {"e1"}
    rows = table[table.trace_id == "1U.JGPD..HHZ"].set_index("attribute")
    s = ps.amplitude_spectrum(stream[0])
    assert rows.value["centroid_frequency"] == ps.centroid_frequency(s, freqmin=0.5, freqmax=30)
    assert rows.value["frequency_index"] == ps.frequency_index(s)
    assert (rows.freqmin["bandwidth"], rows.freqmax["bandwidth"]) == (0.5, 30.0)
    assert "10-20 Hz / mean A in 1-2 Hz" in rows.method["frequency_index"]
    assert rows.units["frequency_index"] == "log10 ratio"
    assert rows.starttime.iloc[0].isoformat() == "2014-03-01T00:00:00+00:00"


def test_table_says_why_the_frequency_index_is_missing(rng):
    slow = ps.spectral_attributes(trace(rng.normal(size=900), rate=20.0)).set_index("attribute")
    assert math.isnan(slow.value["frequency_index"])
    assert "the spectrum ends at 10 Hz" in slow.method["frequency_index"]
    filtered = note(trace(rng.normal(size=900)), freqmin=2.0, freqmax=15.0)
    rows = ps.spectral_attributes(filtered).set_index("attribute")
    assert math.isnan(rows.value["frequency_index"])
    assert "filtered to less than both bands" in rows.method["frequency_index"]
    assert not math.isnan(rows.value["centroid_frequency"])
