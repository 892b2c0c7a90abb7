import numpy as np
import pytest
from obspy import Trace, UTCDateTime

from paektuseis import provenance
from paektuseis.errors import ParameterError
from paektuseis.processing import decimate_to, resample
from paektuseis.processing.sampling import PASSBAND

START = UTCDateTime(2010, 9, 1, 0, 0, 0, 3000)


def tone(frequency, rate=100.0, seconds=100, offset=0.0):
    t = np.arange(round(seconds * rate)) / rate
    return Trace(
        offset + np.sin(2 * np.pi * frequency * t + 0.3),
        {"station": "A", "sampling_rate": rate, "starttime": START},
    )


def valid(tr):
    start, end = provenance.valid_span(tr)
    t = np.arange(len(tr.data)) / tr.stats.sampling_rate
    return (t >= start - tr.stats.starttime) & (t <= end - tr.stats.starttime), t


@pytest.mark.parametrize("new", [50.0, 40.0, 20.0, 62.5, 75.0, 128.0, 200.0])
def test_a_tone_in_the_pass_band_keeps_amplitude_and_time(new):
    for share in (0.05, 0.5, PASSBAND):
        f = share * min(new, 100.0) / 2
        out = resample(tone(f, offset=1e5), sampling_rate=new)[0]
        inside, t = valid(out)
        assert inside.mean() > 0.8
        truth = 1e5 + np.sin(2 * np.pi * f * t + 0.3)
        assert np.abs(out.data - truth)[inside].max() < 2e-4
        assert out.stats.starttime == START
        assert out.stats.sampling_rate == new
        assert out.stats.endtime <= START + 99.99 + 1e-6
        assert out.stats.endtime > START + 99.99 - 1 / new


def test_what_would_fold_into_the_pass_band_is_gone():
    for f in (30.5, 33.0, 45.0):  # above 25 + 0.2 * 25 Hz
        out = decimate_to(tone(f), sampling_rate=50)[0]
        inside, _ = valid(out)
        assert np.abs(out.data)[inside].max() < 1e-4


def test_decimation_keeps_every_nth_instant_and_notes_the_band():
    tr = provenance.note(tone(1.0), freqmin=0.5, freqmax=30.0, units="m/s")
    out = decimate_to(tr, sampling_rate=20)[0]
    assert out.stats.npts == 2000
    assert provenance.band_of(out) == (0.5, PASSBAND * 10)
    assert provenance.units_of(out) == "m/s"
    assert len(tr.data) == 10_000
    same = decimate_to(tr, sampling_rate=100)[0]
    np.testing.assert_array_equal(same.data, tr.data)
    assert same.data is not tr.data


def test_rates_that_cannot_be():
    with pytest.raises(ParameterError, match=r"does not divide the 100 Hz of \.A\.\."):
        decimate_to(tone(1), sampling_rate=30)
    with pytest.raises(ParameterError, match="use resample"):
        decimate_to(tone(1), sampling_rate=200)
    with pytest.raises(ParameterError, match="nominal"):
        resample(tone(1, rate=99.99871), sampling_rate=100)
    with pytest.raises(ParameterError, match="positive"):
        resample(tone(1), sampling_rate=0)


def test_pieces_are_resampled_apart():
    tr = tone(1.0)
    tr.data[5000] = np.nan
    out = resample(tr, sampling_rate=50)
    assert [t.stats.npts for t in out] == [2500, 2500]
    assert out[1].stats.starttime == START + 50.01
