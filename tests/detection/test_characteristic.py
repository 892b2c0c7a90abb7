"""Characteristic functions against ObsPy's C routines, closed forms and literal references."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.trigger import classic_sta_lta, recursive_sta_lta

from paektuseis import ParameterError, WaveformError, provenance, sta_lta
from paektuseis.detection.characteristic import METHODS, warm_up

FS = 100.0


def make(data, fs=FS, **header):
    return Trace(
        np.asanyarray(data),
        {"sampling_rate": fs, "network": "1U", "station": "TEST", "channel": "HHZ", **header},
    )


def run(data, fs=FS, **options):
    return sta_lta(make(data, fs), **options)[0].data


def noise_with_bursts(rng, n):
    x = rng.standard_normal(n) * 300
    for at in range(4000, n - 1000, 7000):
        x[at : at + 600] *= 12 * np.exp(-np.arange(600) / 150)
    return x


# ---------------------------------------------------------------- literal references


def literal_classic(x, ns, nl):
    out = np.full(len(x), np.nan)
    for i in range(nl - 1, len(x)):
        out[i] = np.mean(x[i - ns + 1 : i + 1] ** 2) / np.mean(x[i - nl + 1 : i + 1] ** 2)
    return out


def literal_delayed(x, ns, nl):
    out = np.full(len(x), np.nan)
    for i in range(ns + nl - 1, len(x)):
        out[i] = np.mean(x[i - ns + 1 : i + 1] ** 2) / np.mean(x[i - ns - nl + 1 : i - ns + 1] ** 2)
    return out


def literal_z(x, ns, nl):
    sta = np.full(len(x), np.nan)
    for i in range(ns - 1, len(x)):
        sta[i] = np.mean(x[i - ns + 1 : i + 1] ** 2)
    out = np.full(len(x), np.nan)
    for i in range(ns + nl - 2, len(x)):
        reference = sta[i - nl + 1 : i + 1]
        out[i] = (sta[i] - reference.mean()) / reference.std()
    return out


def literal_carl(x, ns, nl, ratio=2.3, quiet=4.0):
    def mean(y, w):
        out = np.full(len(y), np.nan)
        for i in range(w - 1, len(y)):
            out[i] = np.mean(y[i - w + 1 : i + 1])  # NaN as long as one of them is
        return out

    sta = mean(x, ns)
    lta = mean(sta, nl)
    star = mean(np.abs(x - lta), ns)
    ltar = mean(star, nl)
    return star - ratio * ltar - np.abs(sta - lta) - quiet


LITERAL = {
    "classic": literal_classic,
    "delayed": literal_delayed,
    "z": literal_z,
    "carl": literal_carl,
}


@pytest.mark.parametrize("method", sorted(LITERAL))
@pytest.mark.parametrize(("nsta", "nlta"), [(1, 2), (5, 37), (50, 400)])
def test_equals_literal_reference(method, nsta, nlta, rng):
    x = noise_with_bursts(rng, 9000)[3000:6000]
    got = run(x, sta=nsta / FS, lta=nlta / FS, method=method)
    want = LITERAL[method](x, nsta, nlta)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    scale = 300.0 if method == "carl" else 1.0
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize(
    ("method", "obspys", "muted"),
    [("classic", classic_sta_lta, -1), ("recursive", recursive_sta_lta, 0)],
)
@pytest.mark.parametrize(("sta", "lta"), [(0.5, 10), (0.02, 0.5), (1, 60)])
def test_equals_obspy_on_gap_free_data(method, obspys, muted, sta, lta, rng):
    x = noise_with_bursts(rng, 60_000)
    nsta, nlta = round(sta * FS), round(lta * FS)
    got = run(x, sta=sta, lta=lta, method=method)
    want = obspys(x, nsta, nlta)
    warm = nlta + muted
    assert np.isnan(got[:warm]).all()
    assert (want[:warm] == 0).all()
    assert np.abs(got[warm:] - want[warm:]).max() <= 1e-9


def test_classic_does_not_drift_after_a_huge_burst(rng):
    x = rng.standard_normal(200_000)
    x[5000:5100] *= 1e7
    got = run(x, sta=0.5, lta=10, method="classic")
    want = run(x[150_000:], sta=0.5, lta=10, method="classic")
    np.testing.assert_allclose(got[151_000:], want[1000:], rtol=1e-12)


def test_by_hand():
    """Squares of 0..5 are 0, 1, 4, 9, 16, 25; windows 2 and 3."""
    got = run(np.arange(6), fs=1.0, sta=2, lta=3, method="classic")
    want = [
        np.nan,
        np.nan,
        (5 / 2) / (5 / 3),
        (13 / 2) / (14 / 3),
        (25 / 2) / (29 / 3),
        (41 / 2) / (50 / 3),
    ]
    np.testing.assert_allclose(got, want, rtol=1e-15)
    # recursive: from the second sample, s = x²/2 + s/2 and l = x²/3 + 2l/3
    sta = [0.5, 2.25, 5.625, 10.8125, 17.90625]
    lta = [1 / 3, 14 / 9, 109 / 27, 650 / 81, 3325 / 243]
    got = run(np.arange(6), fs=1.0, sta=2, lta=3, method="recursive")
    np.testing.assert_allclose(got[3:], np.array(sta[2:]) / np.array(lta[2:]), rtol=1e-15)
    assert np.isnan(got[:3]).all()
    got = run(np.arange(6), fs=1.0, sta=2, lta=3, method="delayed")
    np.testing.assert_allclose(got[4:], [(25 / 2) / (5 / 3), (41 / 2) / (14 / 3)], rtol=1e-15)


@pytest.mark.parametrize(("k", "sta", "lta"), [(10, 1, 10), (3, 0.5, 20), (100, 1, 30)])
def test_step_of_amplitude_k(k, sta, lta):
    x = np.where(np.arange(6000) % 2, 1.0, -1.0)
    x[4000:] *= k
    nsta, nlta = round(sta * FS), round(lta * FS)
    want = k**2 * nlta / (nsta * k**2 + nlta - nsta)
    got = run(x, sta=sta, lta=lta, method="classic")
    assert np.nanmax(got) == pytest.approx(want, rel=1e-12)
    if (k, sta, lta) == (10, 1, 10):
        assert np.nanmax(got) == pytest.approx(9.1743, abs=5e-5)
    # delayed: the windows do not overlap, so the step shows whole
    got = run(x, sta=sta, lta=lta, method="delayed")
    assert np.nanmax(got) == pytest.approx(k**2, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    nsta=st.integers(1, 20),
    more=st.integers(1, 60),
    power=st.integers(-8, 8),
)
def test_bounds_and_scale(seed, nsta, more, power):
    nlta = nsta + more
    x = np.random.default_rng(seed).standard_cauchy(500)
    for method in ("classic", "recursive", "delayed", "z"):
        got = run(x, fs=1.0, sta=nsta, lta=nlta, method=method)
        again = run(x * 2.0**power, fs=1.0, sta=nsta, lta=nlta, method=method)
        np.testing.assert_array_equal(got, again)
        known = got[np.isfinite(got)]
        assert len(known) == 500 - warm_up(method, nsta, nlta)
        if method in ("classic", "recursive"):
            assert known.max() <= nlta / nsta * (1 + 1e-12)
            assert known.min() >= 0
        if method == "z":
            assert known.max() <= np.sqrt(nlta - 1) * (1 + 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_chunks_give_the_same_values(method, rng):
    """Pieces with a warm-up overlap equal the whole, at the same samples."""
    x = noise_with_bursts(rng, 120_000)
    sta, lta = 0.5, 10.0
    overlap = 25 * 1000 if method == "recursive" else warm_up(method, 50, 1000)
    whole = sta_lta(make(x), sta=sta, lta=lta, method=method)[0]
    for begin in range(30_000, 120_000, 30_000):
        piece = make(x[begin - overlap : begin + 30_000])
        piece.stats.starttime += (begin - overlap) / FS
        got = sta_lta(piece, sta=sta, lta=lta, method=method)[0]
        scale = 300 if method == "carl" else 1
        difference = got.data[overlap:] - whole.data[begin : begin + 30_000]
        assert np.abs(difference).max() <= 1e-9 * scale


@pytest.mark.parametrize("method", METHODS)
def test_short_trace_and_restart_at_each_trace(method, rng):
    x = rng.standard_normal(2500)
    warm = warm_up(method, 50, 1000)
    short = run(x[:warm], sta=0.5, lta=10, method=method)
    assert np.isnan(short).all()
    pieces = Stream([make(x), make(x, starttime=UTCDateTime(60))])
    got = sta_lta(pieces, sta=0.5, lta=10, method=method)
    np.testing.assert_array_equal(got[0].data, got[1].data)
    assert np.isnan(got[0].data[:warm]).all()
    assert np.isfinite(got[0].data[warm:]).all()


def test_one_sample_and_empty_traces():
    for n in (0, 1):
        assert len(run(np.zeros(n), sta=0.5, lta=10)) == n


@pytest.mark.parametrize("method", METHODS)
def test_zeros_give_nan_never_inf(method):
    got = run(np.zeros(5000), sta=0.5, lta=10, method=method)
    assert np.isnan(got).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_bad_sample_restarts_and_does_not_spread(method, value, rng):
    x = rng.standard_normal(6000)
    x[2500] = value
    got = run(x, sta=0.5, lta=10, method=method)
    after = run(x[2501:], sta=0.5, lta=10, method=method)
    np.testing.assert_array_equal(got[2501:], after)
    np.testing.assert_array_equal(got[:2500], run(x[:2500], sta=0.5, lta=10, method=method))
    assert np.isnan(got[2500])


def test_masked_samples_are_a_gap(rng):
    x = rng.standard_normal(6000)
    masked = np.ma.MaskedArray(np.where(np.arange(6000) == 2500, 1e9, x), np.arange(6000) == 2500)
    got = run(masked, sta=0.5, lta=10)
    with_nan = np.where(np.arange(6000) == 2500, np.nan, x)
    np.testing.assert_array_equal(got, run(with_nan, sta=0.5, lta=10))


@pytest.mark.parametrize("method", ["classic", "recursive", "delayed"])
@pytest.mark.parametrize("filtered", [False, True])
def test_no_rise_after_a_zero_filled_gap(method, filtered, rng):
    """obspy's ratio goes to its ceiling here."""
    from scipy.signal import butter, sosfilt

    x = rng.standard_normal(30_000) * 100
    x[10_000:14_000] = 0
    if filtered:
        x = sosfilt(butter(4, (2, 15), "bandpass", fs=FS, output="sos"), x)
    if method == "recursive":
        assert recursive_sta_lta(x, 50, 1000)[13_900:15_000].max() > 9
    got = run(x, sta=0.5, lta=10, method=method)
    warm = warm_up(method, 50, 1000)
    assert np.isnan(got[13_000 : 14_000 + warm - 1]).all()
    assert np.nanmax(got[14_000:]) < 4
    np.testing.assert_allclose(
        got[14_000:], run(x[14_000:], sta=0.5, lta=10, method=method), rtol=1e-12
    )


def test_few_zeros_are_no_gap(rng):
    x = np.rint(rng.standard_normal(5000))  # counts: a third of them zero
    got = run(x.astype(np.int32), sta=0.5, lta=10)
    np.testing.assert_allclose(got[1000:], recursive_sta_lta(x, 50, 1000)[1000:], atol=1e-12)
    x[2000:2200] = 0
    assert np.isnan(run(x, sta=0.5, lta=10)[2000:3200]).all()
    assert np.isfinite(run(x, sta=0.5, lta=10, dead_run=np.inf)[1000:]).all()


def test_freeze_keeps_the_reference_during_a_long_event(rng):
    x = rng.standard_normal(20_000)
    x[8000:12_000] *= 10
    for method in ("classic", "recursive", "delayed"):
        free = run(x, sta=0.5, lta=10, method=method)
        held = run(x, sta=0.5, lta=10, method=method, freeze=(3, 1.5), freeze_max=60)
        same = slice(None, 8000)
        np.testing.assert_array_equal(free[same], held[same])
        assert free[10_500:11_900].max() < 3  # the average has caught up
        assert held[10_500:11_900].min() > 10
        assert held[12_500:19_000].max() < 3
    # a lasting step of the noise is let go after freeze_max
    x = rng.standard_normal(20_000)
    x[8000:] *= 10
    held = run(x, sta=0.5, lta=10, method="classic", freeze=(3, 1.5), freeze_max=40)
    assert held[11_900] > 10
    assert held[13_100:].max() < 3


def test_headers_units_and_provenance(rng):
    trace = make(rng.standard_normal(5000).astype(np.float32), starttime=UTCDateTime(100))
    trace = provenance.note(
        trace, units="m/s", freqmin=2.0, freqmax=15.0, valid_from=UTCDateTime(103.004)
    )
    before = trace.copy()
    for method, units in (
        ("classic", "ratio"),
        ("recursive", "ratio"),
        ("delayed", "ratio"),
        ("z", "standard deviations"),
        ("carl", "m/s"),
    ):
        got = sta_lta(trace, sta=0.5, lta=10, method=method)[0]
        assert got.data.dtype == np.float64
        assert (got.id, got.stats.starttime, got.stats.npts) == (
            trace.id,
            trace.stats.starttime,
            trace.stats.npts,
        )
        assert provenance.units_of(got) == units
        assert provenance.band_of(got) == (2.0, 15.0)
        assert provenance.recall(got, "method") == method
        assert provenance.recall(got, "sta") == 0.5
        # first settled sample is number 301
        want = UTCDateTime(103.01) + warm_up(method, 50, 1000) / FS
        assert provenance.recall(got, "blind_until") == want
    assert trace == before
    assert trace.data.tobytes() == before.data.tobytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sta": 10, "lta": 1}, "shorter"),
        ({"sta": 1, "lta": 1}, "shorter"),
        ({"sta": 0, "lta": 1}, "positive"),
        ({"sta": np.nan, "lta": 1}, "positive"),
        ({"sta": 0.001, "lta": 0.012}, "at least 2 samples"),
        ({"sta": 1.001, "lta": 1.002}, "more than the short one"),
        ({"sta": 1, "lta": 10, "method": "alen"}, "choose one of classic"),
        ({"sta": 1, "lta": 10, "method": "z", "freeze": (3, 1)}, "does not apply"),
        ({"sta": 1, "lta": 10, "freeze": (1, 3)}, "thr_off"),
        ({"sta": 1, "lta": 10, "freeze_max": 3}, "needs freeze"),
        ({"sta": 1, "lta": 10, "dead_run": 0}, "dead_run"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(ParameterError, match=words):
        run(np.ones(100), **options)


def test_complex_samples_are_refused():
    with pytest.raises(WaveformError, match=r"1U\.TEST\.\.HHZ"):
        run(np.ones(100, dtype=complex), sta=0.1, lta=0.5)
