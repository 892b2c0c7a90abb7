"""Response removal by a filter of finite memory."""

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime
from scipy.signal import butter, fftconvolve, sosfiltfilt

from paektuseis import provenance
from paektuseis.errors import ParameterError
from paektuseis.processing import _inverse, remove_response
from paektuseis.processing._inverse import filtered, inverse_filter

START = UTCDateTime(2010, 9, 1)
RATE = 100.0
BAND = (0.01, 0.02, 40.0, 45.0)
REACH = 60_000


def trace(x, first=0):
    return Trace(
        np.asarray(x),
        {
            "network": "1U",
            "station": "JGPD",
            "channel": "HHZ",
            "sampling_rate": RATE,
            "starttime": START + first / RATE,
        },
    )


@pytest.fixture(scope="module")
def ground():
    """Counts with a microseism, a daily drift, an offset and one event far above the rest."""
    rng = np.random.default_rng(5)
    n = 1_200_000
    f = np.fft.rfftfreq(n, 1 / RATE)
    x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * (1 / (1 + (f / 0.3) ** 2) + 0.02), n)
    t = np.arange(n) / RATE
    x = 3000 * x + 500 * np.sin(2 * np.pi * t / 86_400) + 20_000
    x += 1e6 * np.exp(-(((t - 5000) / 8) ** 2)) * np.sin(2 * np.pi * 5 * t)
    return np.rint(x).astype(np.int32)


def taps_of(inventory, memory=600.0, band=BAND, output="VEL"):
    response = inventory.get_response("1U.JGPD..HHZ", START)
    return inverse_filter(response, output, band, RATE, memory, "1U.JGPD..HHZ")


def in_band(x, low, high):
    return sosfiltfilt(butter(4, (low, high), "bandpass", fs=RATE, output="sos"), x)


@pytest.mark.parametrize("period", [120.0, 30.0])
def test_equal_to_the_division_of_the_whole_record(
    ground, period, make_inventory, make_response, sensor_poles
):
    response = make_response(poles=sensor_poles(period))
    inventory = make_inventory(("HHZ", response, None, None))
    whole = remove_response(trace(ground), inventory, pre_filt=BAND)[0].data
    finite = remove_response(trace(ground), inventory, pre_filt=BAND, memory=600.0)[0].data
    inner = slice(150_000, -150_000)
    miss, truth = (finite - whole)[inner], whole[inner]
    assert np.abs(miss).max() < 2e-4 * truth.std()
    for low, high in ((0.05, 0.1), (0.1, 1.0), (1.0, 40.0)):
        mine, theirs = in_band(miss, low, high), in_band(truth, low, high)
        assert np.abs(mine[50_000:-50_000]).max() < 1e-5 * theirs.std()


@pytest.mark.parametrize("output", ["VEL", "DISP", "ACC"])
def test_the_taps_have_the_spectrum_of_the_inverse(inventory, output):
    made = taps_of(inventory, output=output)
    assert made.reach == REACH
    assert abs(made.taps.sum()) < 1e-12 * np.abs(made.taps).sum()
    size = 2**18
    row = np.zeros(size)
    row[np.arange(-REACH, REACH + 1)] = made.taps
    f = np.fft.rfftfreq(size, 1 / RATE)
    spectrum = np.fft.rfft(row)
    flat = (f >= 0.05) & (f <= 40.0)
    response = inventory.get_response("1U.JGPD..HHZ", START)
    at = np.flatnonzero(flat)[::500]
    exact = response.get_evalresp_response_for_frequencies(f[at], output=output)
    assert np.abs(spectrum[at] * exact - 1).max() < 2e-5
    at = np.flatnonzero((f >= 0.0102) & (f < 0.02))
    exact = response.get_evalresp_response_for_frequencies(f[at], output=output)
    flank = 0.5 * (1 - np.cos(np.pi * (f[at] - 0.01) / 0.01))
    assert np.abs(spectrum[at] * exact - flank).max() < 3e-3
    outside = (f > 45.01) | (f == 0)
    assert np.abs(spectrum[outside]).max() < 1e-6 * np.abs(spectrum[flat]).max()


@pytest.mark.parametrize(
    "count", [1, 2, 3, 7, 1000, 5003, 59_999, 60_000, 60_001, 60_002, 60_003, 98_304, 300_001]
)
def test_equal_to_a_convolution_with_the_mirrored_record(ground, inventory, count):
    made = taps_of(inventory)
    x = ground[450_000 : 450_000 + count]
    mine = filtered(x, 123_456_789, made)
    row = np.pad(x.astype(float), made.reach, "reflect" if count > 1 else "edge")
    truth = fftconvolve(row, made.taps, "valid")
    assert len(mine) == count
    # a constant comes out as nothing: roundings are of what went in
    rounding = 1e-12 * np.abs(x).max() * np.abs(made.taps).max()
    assert np.abs(mine - truth).max() < 1e-10 * np.abs(truth).max() + rounding


@pytest.mark.parametrize(("memory", "rate"), [(30.0, 20.0), (200.0, 20.0), (7.0, 100.0)])
def test_one_block_or_many(inventory, rng, memory, rate):
    """Filters shorter than a block, at other rates: the same convolution."""
    response = inventory.get_response("1U.JGPD..HHZ", START)
    band = (0.6, 1.2, 6.0, 8.0)
    made = inverse_filter(response, "VEL", band, rate, memory, "x")
    x = rng.standard_normal(30_011)
    truth = fftconvolve(np.pad(x, made.reach, "reflect"), made.taps, "valid")
    for first in (0, -5, 4095, 10**11 + 1):
        assert np.abs(filtered(x, first, made) - truth).max() < 1e-12 * np.abs(truth).max()


def test_a_sample_does_not_depend_on_where_the_record_is_cut(ground, inventory):
    options = {"pre_filt": BAND, "memory": 600.0}
    whole = remove_response(trace(ground), inventory, **options)[0].data
    for begin, end in ((0, 800_000), (123_457, 1_100_001), (300_000, 500_000)):
        part = remove_response(trace(ground[begin:end], begin), inventory, **options)[0].data
        low = REACH if begin else 0
        mine, truth = part[low : len(part) - REACH], whole[begin + low : end - REACH]
        assert np.abs(mine - truth).max() < 1e-12 * np.abs(whole).max()
        # bit for bit where the blocks are the same: a few blocks from a cut
        far = 6 * _inverse._LARGEST
        if end - begin > 2 * far:
            np.testing.assert_array_equal(part[far:-far], whole[begin + far : end - far])


def test_samples_farther_than_the_memory_are_not_felt(ground, inventory):
    options = {"pre_filt": BAND, "memory": 600.0}
    x = ground[:200_000].copy()
    plain = remove_response(trace(x), inventory, **options)[0].data
    x[100_000] += 1_000_000
    changed = remove_response(trace(x), inventory, **options)[0].data
    size = np.abs(changed - plain).max()
    felt = np.flatnonzero(np.abs(changed - plain) > 1e-12 * size)
    assert felt[0] >= 100_000 - REACH
    assert felt[-1] <= 100_000 + REACH


def test_ends_are_mirrored_and_marked(ground, inventory):
    options = {"pre_filt": BAND, "memory": 600.0}
    whole = remove_response(trace(ground), inventory, **options)[0].data
    part = remove_response(trace(ground[:600_000]), inventory, **options)[0]
    first, last = provenance.valid_span(part)
    assert first - part.stats.starttime == pytest.approx(200.0)
    assert part.stats.endtime - last == pytest.approx(200.0)
    miss = part.data[REACH:580_000] - whole[REACH:580_000]
    assert np.abs(miss).max() < 0.01 * whole[REACH:400_000].std()
    short = remove_response(trace(ground[:5000]), inventory, **options)[0]
    first, last = provenance.valid_span(short)
    assert first - short.stats.starttime == pytest.approx(25.0)
    assert abs(last - first) < 0.02
    assert provenance.band_of(short) == (0.02, 40.0)
    assert provenance.units_of(short) == "m/s"
    assert "memory 600 s" in short.stats.processing[-1]


def test_an_offset_gives_nothing(inventory):
    scale = np.abs(taps_of(inventory).taps).max()
    for count in (1, 50, 200_000):
        x = np.full(count, 8_000_000, np.int32)
        out = remove_response(trace(x), inventory, pre_filt=BAND, memory=600.0)[0].data
        assert np.abs(out).max() < 1e-9 * 8e6 * scale


def test_gaps_and_epochs_are_ends_and_the_input_stays(ground, make_inventory, make_response):
    inventory = make_inventory(
        ("HHZ", make_response(), "2010-01-01", START + 700),
        ("HHZ", make_response(gain=3000.0), START + 700, None),
    )
    x = ground[:140_000].astype(float)
    x[20_000] = np.nan
    before = x.copy()
    out = remove_response(Stream([trace(x)]), inventory, pre_filt=BAND, memory=600.0)
    assert [t.stats.npts for t in out] == [20_000, 49_999, 70_000]
    np.testing.assert_array_equal(x, before)
    single = make_inventory(("HHZ", make_response(), None, None))
    last = remove_response(trace(x[70_000:], 70_000), single, pre_filt=BAND, memory=600.0)[0]
    np.testing.assert_allclose(out[2].data, last.data / 2, atol=1e-12 * np.abs(last.data).max())


def test_filters_are_kept_and_an_edited_response_is_not_taken_from_them(inventory):
    one = taps_of(inventory)
    assert taps_of(inventory) is one
    response = inventory.get_response("1U.JGPD..HHZ", START)
    response.response_stages[0].stage_gain *= 2
    two = inverse_filter(response, "VEL", BAND, RATE, 600.0, "x")
    np.testing.assert_allclose(two.taps, one.taps / 2, atol=1e-9 * np.abs(one.taps).max())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"memory": 399.0}, "too short"),
        ({"memory": 0.0}, "positive"),
        ({"memory": np.inf}, "positive"),
        ({"memory": 600.0, "taper": 10.0}, "not both"),
        ({"memory": 600.0, "taper_fraction": 0.05}, "not both"),
        ({"memory": 600.0, "water_level": 60.0}, "not both"),
        ({"memory": 600.0, "pre_filt": (0.0, 0.02, 40.0, 45.0)}, "f1 above zero"),
        ({"memory": 600.0, "pre_filt": (0.01, 0.02, 40.0, 40.001)}, "too short"),
    ],
)
def test_parameters_that_cannot_be(ground, inventory, options, words):
    with pytest.raises(ParameterError, match=words):
        remove_response(trace(ground[:1000]), inventory, **{"pre_filt": BAND, **options})
    remove_response(trace(ground[:1000]), inventory, pre_filt=BAND, memory=400.0)
