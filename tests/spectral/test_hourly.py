"""Hourly noise densities against obspy's PPSD and against a plain restatement."""

import warnings

import numpy as np
import pytest
import scipy.signal
from obspy import Stream, Trace, UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Response, Station
from obspy.signal import PPSD
from obspy.signal.invsim import cosine_taper

import paektuseis as ps
from paektuseis.provenance import note
from paektuseis.spectral import hourly
from paektuseis.spectral._kernels import log_products

T0 = UTCDateTime("2014-03-01")


def trace(data, start=T0, rate=20.0):
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "starttime": start}
    return Trace(np.asarray(data), header | {"sampling_rate": rate})


def red(rng, size, scale=300.0):
    return np.rint(scipy.signal.lfilter([scale], [1.0, -0.98], rng.normal(size=size)) + 4000)


def inventory(*epochs):
    """A sensor of 30 s; epochs are (start, end, counts per m/s)."""
    poles, at = [-0.148 + 0.148j, -0.148 - 0.148j, -200.0 + 0j], 2j * np.pi
    channels = [
        Channel(
            "HHZ", "", 42.0, 128.1, 2000.0, 0.0, sample_rate=20.0, azimuth=0.0, dip=-90.0,
            start_date=start, end_date=end,
            response=Response.from_paz(
                zeros=[0j, 0j], poles=poles, stage_gain=gain, normalization_frequency=1.0,
                normalization_factor=float(abs(np.prod(at - np.array(poles)) / at**2)),
            ),
        )
        for start, end, gain in epochs
    ]  # fmt: skip
    return Inventory([Network("1U", [Station("JGPD", 42.0, 128.1, 2000.0, channels=channels)])])


def by_obspy(stream, metadata, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ppsd = PPSD(stream[0].stats if isinstance(stream, Stream) else stream.stats, metadata,
                    **options)  # fmt: skip
        ppsd.add(stream)
    return ppsd


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_equals_obspy(rng, dtype):
    tr = trace(red(rng, 200_000).astype(dtype))  # 2.8 h at 20 Hz
    metadata = inventory((T0 - 86400, None, 1e9))
    ours, theirs = ps.noise_psd(tr, inventory=metadata), by_obspy(tr, metadata)
    values = np.array(theirs.psd_values)
    assert ours.decibels.shape == values.shape == (4, len(theirs.period_bin_centers))
    assert np.abs(ours.decibels - values).max() < 1e-4
    assert np.array_equal(ours.periods, theirs.period_bin_centers)
    assert np.array_equal(ours.edges[:, 0], theirs.period_bin_left_edges)
    assert np.array_equal(ours.edges[:, 1], theirs.period_bin_right_edges)
    starts = [np.datetime64(t.ns, "ns") for t in theirs.times_processed]
    assert ours.starttimes.tolist() == [int(s.astype(np.int64)) for s in starts]
    assert (ours.units, ours.response) == ("dB rel. 1 (m/s**2)**2/Hz", "removed")
    assert (ours.coverage, ours.length, ours.step) == (1.0, 3600.0, 1800.0)


@pytest.mark.parametrize(
    ("rate", "length", "overlap"), [(100.0, 3600.0, 0.5), (40.0, 105.0, 0.0), (62.5, 200.0, 0.75)]
)
def test_equals_obspy_at_other_lengths(rng, rate, length, overlap):
    size = int(length * rate * (1.3 if rate == 100.0 else 3.0))
    tr = trace(red(rng, size).astype(np.int32), rate=rate)
    metadata = inventory((T0 - 86400, None, 1e9))
    ours = ps.noise_psd(tr, inventory=metadata, length=length, overlap=overlap)
    theirs = by_obspy(tr, metadata, ppsd_length=length, overlap=overlap)
    assert len(ours.decibels) == len(theirs.psd_values) >= 1
    assert np.abs(ours.decibels - np.array(theirs.psd_values)).max() < 1e-4


def literal(x, rate, length):
    """Decibels of one window without a response, in double precision by scipy."""
    size = 2 ** int(np.log2(length * rate / 4))
    f, power = scipy.signal.welch(
        x[: int(length * rate)].astype(float), rate, window=cosine_taper(size, 0.2),
        nperseg=size, noverlap=3 * size // 4, detrend="linear", scaling="density",
    )  # fmt: skip
    period, level = 1 / f[:0:-1], 10 * np.log10(power[:0:-1])
    left, out = period[0] / np.sqrt(2), []
    while left < period[-1]:
        out.append(level[(left <= period) & (period <= 2 * left)].mean())
        if left * np.sqrt(2) >= period[-1]:
            break
        left *= 2**0.125
    return np.array(out)


def test_without_metadata_it_is_the_density_of_the_data(rng):
    x = red(rng, 80_000)
    psd = ps.noise_psd(trace(x))
    assert psd.decibels[0] == pytest.approx(literal(x, 20.0, 3600.0), abs=1e-4)
    assert (psd.units, psd.response) == ("dB rel. 1 (counts)**2/Hz", "none")
    white = ps.noise_psd(trace(rng.normal(size=400_000)))
    assert white.decibels[:, :20].mean() == pytest.approx(10 * np.log10(2 / 20) - 0.4, abs=0.1)
    assert white.percentile([10, 90]).shape == (2, len(white.periods))


def test_taper_is_obspys():
    for size in (16, 1024, 65536):
        assert hourly.cosine_flanks(size, 0.2) == pytest.approx(cosine_taper(size, 0.2), abs=1e-14)


def test_double_precision_where_single_would_not_do(rng, monkeypatch):
    """A bin so far below the strongest that rounding would show is done again."""
    t = np.arange(80_000) / 20.0
    drift = 1e7 * np.exp(-(((t - 2000) / 250) ** 2))  # smooth: next to nothing above 0.1 Hz
    x = drift + 1e-3 * rng.normal(size=80_000)
    truth = literal(x, 20.0, 3600.0)
    assert truth.max() - truth.min() > 150  # dB
    assert np.abs(ps.noise_psd(trace(x)).decibels[0] - truth).max() < 1e-4
    monkeypatch.setattr(hourly, "TOLERATED", np.inf)
    assert np.abs(ps.noise_psd(trace(x)).decibels[0] - truth).max() > 1e-3


def test_double_precision_on_a_steep_line(rng, monkeypatch):
    """The rounding of a line that is removed counts, though it leaves no power."""
    x = 123.4567 * np.arange(80_000) + 1e-2 * rng.normal(size=80_000)
    truth = literal(x, 20.0, 3600.0)
    assert np.abs(ps.noise_psd(trace(x)).decibels[0] - truth).max() < 1e-4
    monkeypatch.setattr(hourly, "TOLERATED", np.inf)
    assert np.abs(ps.noise_psd(trace(x)).decibels[0] - truth).max() > 1e-3


def test_logarithm_of_a_product_is_the_sum_of_logarithms(rng):
    power = np.concatenate([10.0 ** rng.uniform(-300, 300, 900), np.full(512, hourly.SMALLEST)])
    cuts = np.array([0, 1, 2, 7, 300, 812, 900, 1412])
    room, out = np.empty(512, dtype=np.int64), np.empty(7)
    log_products(power.view(np.int64), cuts, room, room.view(np.float64), out)
    truth = np.add.reduceat(np.log2(power), cuts[:-1])
    assert out == pytest.approx(truth, rel=1e-13, abs=1e-9)


@pytest.mark.parametrize("below", [60, 100])
def test_single_precision_keeps_weak_bins(rng, monkeypatch, below):
    x = scipy.signal.lfilter([1.0], [1.0, -0.999], rng.normal(size=80_000))
    x = 1e4 * x + 1e4 * 10 ** (-below / 20) * rng.normal(size=80_000)
    truth = literal(x, 20.0, 3600.0)
    monkeypatch.setattr(hourly, "TOLERATED", np.inf)
    assert np.abs(ps.noise_psd(trace(x)).decibels[0] - truth).max() < 1e-4


def test_silence_is_obspys_floor_and_a_line_is_removed():
    flat = ps.noise_psd(trace(np.full(72_000, 12_345, dtype=np.int32)))
    assert flat.decibels == pytest.approx(10 * np.log10(np.finfo(float).tiny))
    metadata = inventory((T0 - 86400, None, 1e9))
    same = by_obspy(trace(np.full(72_000, 12_345, dtype=np.int32)), metadata)
    with_metadata = ps.noise_psd(trace(np.full(72_000, 12_345, dtype=np.int32)), inventory=metadata)
    assert with_metadata.decibels == pytest.approx(np.array(same.psd_values), abs=1e-3)
    ramp = ps.noise_psd(trace(np.arange(72_000, dtype=np.int32)))
    assert ramp.decibels.max() < -100


def test_windows_on_the_grid_and_only_whole_ones(rng):
    x = trace(red(rng, 20 * 3600 * 6).astype(np.int32))
    record = Stream([x.slice(T0 + 60, T0 + 3 * 3600), x.slice(T0 + 3 * 3600 + 5)])
    psd = ps.noise_psd(record, starttime=T0, endtime=T0 + 4 * 3600)
    begin = (psd.starttimes - np.datetime64(T0.ns, "ns")) / np.timedelta64(1, "s")
    assert begin.tolist() == [1800, 3600, 5400, 7200, 12600]
    assert psd.coverage == 5 / 8
    theirs = by_obspy(x.slice(T0 + 1800, T0 + 3 * 3600), inventory((T0 - 1, None, 1e9)))
    assert len(theirs.psd_values) == 4
    whole = ps.noise_psd(x, starttime=T0, endtime=T0 + 4 * 3600)
    assert np.array_equal(psd.decibels, whole.decibels[[1, 2, 3, 4, 7]])
    nothing = ps.noise_psd(x.slice(T0, T0 + 1000))
    assert (len(nothing.decibels), nothing.coverage) == (0, 0.0)
    with pytest.raises(ps.WaveformError, match="no window"):
        nothing.percentile(50)


@pytest.mark.parametrize("shift", [0.0, 0.021])
def test_the_same_wherever_the_record_is_cut(rng, shift):
    rate, hours = 20.0, 8
    x = trace(red(rng, int((hours + 2) * 3600 * rate)).astype(np.int32), T0 - 1800 + shift, rate)
    whole = ps.noise_psd(x, starttime=T0, endtime=T0 + hours * 3600)
    assert len(whole.decibels) == 16
    parts = []
    for k, (before, after) in enumerate([(1700, 1800.1), (0.1, 3601), (333.3, 2000), (77, 1900)]):
        start = T0 + 2 * k * 3600
        record = x.slice(start - before, start + 7200 + after)
        parts.append(ps.noise_psd(record, starttime=start, endtime=start + 7200))
    assert np.array_equal(whole.decibels, np.vstack([p.decibels for p in parts]))
    assert np.array_equal(whole.starttimes, np.concatenate([p.starttimes for p in parts]))


def test_bad_samples_and_settling_are_missing(rng):
    x = red(rng, 20 * 3600 * 3)
    x[20 * 5000] = np.nan
    tr = note(trace(x), valid_from=T0 + 10)
    psd = ps.noise_psd(tr, starttime=T0, endtime=T0 + 7201)
    begin = (psd.starttimes - np.datetime64(T0.ns, "ns")) / np.timedelta64(1, "s")
    assert begin.tolist() == [5400, 7200]


def test_each_window_has_the_response_of_its_time(rng):
    x = trace(red(rng, 20 * 3600 * 6).astype(np.int32))
    change = T0 + 3 * 3600
    metadata = inventory((T0 - 1000, change, 1e9), (change, None, 1e8))
    psd = ps.noise_psd(x, inventory=metadata)
    plain = ps.noise_psd(x, inventory=inventory((T0 - 1000, None, 1e9)))
    hours = (psd.starttimes - np.datetime64(T0.ns, "ns")) / np.timedelta64(1, "h")
    assert hours.tolist() == [0, 0.5, 1, 1.5, 2, 3, 3.5, 4, 4.5, 5]  # 2.5 h lies across
    assert np.array_equal(psd.decibels[:5], plain.decibels[:5])
    assert psd.decibels[5:] == pytest.approx(plain.decibels[6:] + 20.0, abs=1e-9)
    renewed = inventory((T0 - 1000, change - 1e-6, 1e9), (change, None, 1e9))
    assert np.array_equal(ps.noise_psd(x, inventory=renewed).decibels, plain.decibels)


def test_missing_metadata_is_an_error_or_a_note(rng):
    x = trace(red(rng, 20 * 3600 * 4).astype(np.int32))
    late = inventory((T0 + 2 * 3600, None, 1e9))
    with pytest.raises(ps.MetadataError, match="no epoch covers"):
        ps.noise_psd(x, inventory=late)
    problems = []
    psd = ps.noise_psd(x, inventory=late, problems=problems)
    assert len(psd.decibels) == 3
    assert len(problems) == 1
    assert "no epoch covers" in problems[0]


def test_refuses(rng):
    tr = trace(rng.normal(size=80_000))
    with pytest.raises(ps.ParameterError, match="length"):
        ps.noise_psd(tr, length=1.0)
    with pytest.raises(ps.ParameterError, match="overlap"):
        ps.noise_psd(tr, overlap=1.0)
    with pytest.raises(ps.WaveformError, match="not counts"):
        ps.noise_psd(note(tr, units="m/s"), inventory=inventory((T0, None, 1e9)))
