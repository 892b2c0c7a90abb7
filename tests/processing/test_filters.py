import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis import provenance
from paektuseis.errors import ParameterError
from paektuseis.processing import bandpass, highpass, lowpass, settling_time

RATE = 100.0


def noise(rng, count=20_000, **header):
    data = (1000 * rng.standard_normal(count)).astype(np.int32)
    return Trace(
        data,
        {"network": "1U", "station": "JGPD", "channel": "HHZ", "sampling_rate": RATE, **header},
    )


@pytest.mark.parametrize("zerophase", [False, True])
@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        (bandpass, "bandpass", {"freqmin": 2.0, "freqmax": 15.0}),
        (bandpass, "bandpass", {"freqmin": 0.02, "freqmax": 0.5}),
        (highpass, "highpass", {"freq": 1.0}),
        (lowpass, "lowpass", {"freq": 8.0}),
    ],
)
def test_equal_to_obspy_on_one_segment(rng, ours, name, options, zerophase):
    tr = noise(rng)
    before = tr.data.copy()
    mine = ours(tr, **options, corners=4, zerophase=zerophase)[0]
    theirs = tr.copy().filter(name, **options, corners=4, zerophase=zerophase)
    # far below the sampling rate obspy's own sections have lost the digits: see test_bank
    digits = 1e-10 if options.get("freqmin") == 0.02 else 1e-12
    assert np.abs(mine.data - theirs.data).max() <= digits * np.abs(theirs.data).max()
    assert mine.data.dtype == np.float64
    np.testing.assert_array_equal(tr.data, before)
    assert "paektuseis" not in tr.stats


@pytest.mark.parametrize(
    "band",
    [
        {"freqmin": 2, "freqmax": 15},
        {"freqmin": 0.02, "freqmax": 0.05},
        {"freqmin": 5, "freqmax": 6},
        {"freqmin": 1},
        {"freqmax": 5},
    ],
)
@pytest.mark.parametrize("corners", [1, 2, 4, 6])
def test_settling_time_bounds_the_transient_of_a_step(band, corners):
    seconds = settling_time(RATE, **band, corners=corners)
    count = int(4 * seconds * RATE) + 100
    step = Trace(np.ones(count), {"sampling_rate": RATE})
    if len(band) == 2:
        out, final = bandpass(step, **band, corners=corners)[0], 0.0
    elif "freqmin" in band:
        out, final = highpass(step, freq=band["freqmin"], corners=corners)[0], 0.0
    else:
        out, final = lowpass(step, freq=band["freqmax"], corners=corners)[0], 1.0
    left = np.abs(out.data - final)
    settled = int(seconds * RATE) + 1
    assert left[settled:].max() <= 1e-3
    # and is no wild over-estimate
    assert left[:settled].max() > 1e-3
    assert left[settled // 3 :].max() > 1e-5


def test_the_transient_of_the_start_is_what_is_marked(rng):
    long = noise(rng, 60_000)
    cut = long.slice(long.stats.starttime + 300, long.stats.starttime + 400)
    for zerophase in (False, True):
        whole = bandpass(long, freqmin=1, freqmax=10, zerophase=zerophase)[0]
        part = bandpass(cut, freqmin=1, freqmax=10, zerophase=zerophase)[0]
        start, end = provenance.valid_span(part)
        settling = settling_time(RATE, freqmin=1, freqmax=10)
        assert start - part.stats.starttime == pytest.approx(settling, abs=1e-6)
        truth = whole.slice(part.stats.starttime, part.stats.endtime)
        inside = slice(
            int((start - part.stats.starttime) * RATE) + 1, int((end - part.stats.starttime) * RATE)
        )
        miss = np.abs(part.data - truth.data)
        assert miss[inside].max() < 3e-3 * np.abs(truth.data).max()
        assert miss.max() > 0.05 * np.abs(truth.data).max()
        assert (end < part.stats.endtime) is zerophase


def test_gaps_masks_and_nan_restart_the_filter(rng):
    tr = noise(rng, 3000)
    data = tr.data.astype(float)
    data[1000] = np.nan
    data[2000:2010] = -(2.0**31)
    out = bandpass(Trace(data, tr.stats), freqmin=2, freqmax=15)
    assert [len(t) for t in out] == [1000, 999, 990]
    assert all(np.isfinite(t.data).all() for t in out)
    alone = bandpass(Trace(data[1001:2000], {"sampling_rate": RATE}), freqmin=2, freqmax=15)[0]
    np.testing.assert_array_equal(out[1].data, alone.data)
    assert out[1].stats.starttime == tr.stats.starttime + 10.01
    masked = tr.copy()
    masked.data = np.ma.masked_inside(np.arange(3000), 500, 599)
    assert [len(t) for t in bandpass(masked, freqmin=2, freqmax=15)] == [500, 2400]


def test_band_units_and_short_segments(rng):
    tr = provenance.note(noise(rng, 50), units="m/s")
    out = lowpass(highpass(tr, freq=1), freq=10)[0]
    assert provenance.band_of(out) == (1, 10)
    assert provenance.units_of(out) == "m/s"
    start, end = provenance.valid_span(out)
    assert start > end  # shorter than the settling: wholly invalid
    assert "Butterworth" in out.stats.processing[-1]


def test_band_at_or_above_nyquist_is_an_error_that_names_the_channel(rng):
    tr = noise(rng, 100)
    for call in (
        lambda: bandpass(tr, freqmin=1, freqmax=50),
        lambda: bandpass(tr, freqmin=1, freqmax=60),
        lambda: highpass(tr, freq=50),
        lambda: lowpass(tr, freq=70),
    ):
        with pytest.raises(ParameterError, match=r"Nyquist frequency 50 Hz of 1U\.JGPD\.\.HHZ"):
            call()
    slow = noise(rng, 100, sampling_rate=1.0, station="SLOW")
    with pytest.raises(ParameterError, match="SLOW"):  # one of many is enough, before any work
        bandpass(Stream([tr, slow]), freqmin=1, freqmax=20)
    with pytest.raises(ParameterError, match="not below"):
        bandpass(tr, freqmin=5, freqmax=5)
    with pytest.raises(ParameterError, match="corners"):
        bandpass(tr, freqmin=1, freqmax=5, corners=0)


def test_read_only_and_empty_input():
    data = np.ones(100)
    data.setflags(write=False)
    assert len(bandpass(Trace(data, {"sampling_rate": RATE}), freqmin=2, freqmax=15)) == 1
    assert len(bandpass(Stream([Trace()]), freqmin=0.1, freqmax=0.2)) == 0
    late = Trace(np.ones(10), {"sampling_rate": RATE, "starttime": UTCDateTime(2038, 2, 1)})
    assert bandpass(late, freqmin=2, freqmax=15)[0].stats.starttime == UTCDateTime(2038, 2, 1)
