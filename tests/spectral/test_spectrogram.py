"""Spectrograms against scipy, around gaps and in pieces of a day."""

import numpy as np
import pytest
import scipy.signal
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01")


def trace(data, start=T0, rate=100.0):
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "starttime": start}
    return Trace(np.asarray(data), header | {"sampling_rate": rate})


@pytest.mark.parametrize(("window", "overlap"), [(5.0, 0.9), (2.56, 0.5), (1.01, 0.0)])
@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_equals_scipy(rng, window, overlap, dtype):
    x = (1000 * rng.normal(size=12_345)).astype(dtype)
    sg = ps.spectrogram(trace(x), window=window, overlap=overlap)
    size = round(window * 100)
    f, t, theirs = scipy.signal.spectrogram(
        x.astype(float), 100.0, window="hann", nperseg=size, noverlap=round(size * overlap)
    )
    assert sg.values.shape == theirs.shape
    assert np.array_equal(sg.frequencies, f)
    assert sg.offsets + sg.window / 2 == pytest.approx(t, abs=1e-9)
    assert np.abs(sg.values - theirs).max() < 1e-11 * theirs.max()
    assert (sg.units, sg.starttime) == ("(counts)**2/Hz", T0)


def test_gap_is_blank_and_its_edges_are_clean(rng):
    x = 100 * rng.normal(size=60_000) + 50_000  # the offset would glare at an edge
    whole = trace(x)
    parts = Stream([whole.slice(T0, T0 + 239.99), whole.slice(T0 + 300, T0 + 599.99)])
    broken = ps.spectrogram(parts, window=5, overlap=0.5)
    truth = ps.spectrogram(whole, window=5, overlap=0.5)
    start = broken.offsets
    blank = (start + 5 > 240) & (start < 300)
    assert np.isnan(broken.values[:, blank]).all()
    assert broken.values[:, ~blank] == pytest.approx(truth.values[:, ~blank], rel=1e-9)
    assert broken.coverage == pytest.approx(1 - blank.mean())


def test_average_is_the_mean_of_the_windows_inside(rng):
    x = rng.normal(size=60_000)
    minutes = ps.spectrogram(trace(x), window=10, overlap=0.5, average=60)
    assert minutes.values.shape == (501, 10)
    assert minutes.step == 60.0
    for column in (0, 7):
        some = x[column * 6000 : (column + 1) * 6000]
        _, literal = scipy.signal.welch(some, 100.0, nperseg=1000)
        assert minutes.values[:, column] == pytest.approx(literal, rel=1e-9)


def test_average_needs_half_of_its_windows(rng):
    x = rng.normal(size=18_000)
    whole = trace(x)
    for lost, blank in ((20, False), (45, True)):
        parts = Stream([whole.slice(T0, T0 + 59.99), whole.slice(T0 + 60 + lost, T0 + 179.99)])
        sg = ps.spectrogram(parts, window=10, overlap=0.5, average=60)
        assert np.isnan(sg.values[:, 1]).all() == blank
        assert np.isfinite(sg.values[:, [0, 2]]).all()


@pytest.mark.parametrize("rate", [100.0, 75.0, 40.96])
def test_an_hour_at_a_time_is_the_same(rng, rate):
    n = int(600 * rate)
    x = rng.normal(size=n)
    day = ps.spectrogram(trace(x, rate=rate), window=4, average=60)
    half = int(300 * rate)
    first = ps.spectrogram(trace(x[:half], rate=rate), window=4, average=60)
    second = ps.spectrogram(trace(x[half:], T0 + 300, rate=rate), window=4, average=60)
    pieces = np.hstack([first.values, second.values])
    assert np.array_equal(day.values, pieces, equal_nan=True)


def test_span_is_the_one_asked_for(rng):
    tr = trace(rng.normal(size=30_000), T0 + 100)
    sg = ps.spectrogram(tr, window=10, overlap=0, starttime=T0, endtime=T0 + 600, average=60)
    assert (sg.starttime, sg.values.shape[1]) == (T0, 10)
    covered = np.isfinite(sg.values[0])
    # 100-400 s hold samples; 60-120 s only a third of its windows
    assert covered.tolist() == [False, False, True, True, True, True, True, False, False, False]
    plain = ps.spectrogram(tr, window=10, overlap=0, starttime=T0 + 200, endtime=T0 + 305)
    assert plain.values.shape[1] == 10
    assert np.isfinite(plain.values).all()


def test_windows_do_not_drift(rng):
    tr = trace(rng.normal(size=75 * 900), rate=75.0)
    sg = ps.spectrogram(tr, window=0.5, overlap=0.5, freqmax=10)
    assert sg.window == 38 / 75
    assert sg.step == 19 / 75
    assert sg.offsets[-1] == (len(sg.offsets) - 1) * 19 / 75


def test_band_is_kept_not_filtered(rng):
    tr = trace(rng.normal(size=6000))
    part, whole = ps.spectrogram(tr, freqmin=1, freqmax=10), ps.spectrogram(tr)
    keep = (whole.frequencies >= 1 - 1e-9) & (whole.frequencies <= 10 + 1e-9)
    assert np.array_equal(part.frequencies, whole.frequencies[keep])
    assert np.array_equal(part.values, whole.values[keep])


def test_settling_is_blank_and_the_filter_is_named(rng):
    filtered = note(trace(rng.normal(size=6000)), freqmin=2.0, freqmax=15.0, valid_from=T0 + 12)
    sg = ps.spectrogram(filtered, window=5, overlap=0, starttime=T0)
    assert np.isnan(sg.values[:, :3]).all()
    assert np.isfinite(sg.values[:, 3:]).all()
    assert "filtered 2–15 Hz" in sg.method


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"freqmax": 60}, r"above the Nyquist frequency 50 Hz of 1U\.JGPD\.\.HHZ"),
        ({"freqmin": 1.01, "freqmax": 1.02}, "widen the band"),
        ({"average": 1}, "shorter than the window"),
        ({"overlap": -0.1}, "overlap"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ps.ParameterError, match=words):
        ps.spectrogram(trace(np.zeros(6000)), **options)


def test_what_would_not_fit_is_refused():
    long = trace(np.zeros(8_640_000, dtype=np.int32))
    with pytest.raises(ps.ParameterError, match="average=60"):
        ps.spectrogram(long, window=5, overlap=0.99)
