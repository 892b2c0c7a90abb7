"""Real records, where they are present."""

import numpy as np
import pytest
from obspy import UTCDateTime, read
from obspy.signal.trigger import classic_sta_lta, recursive_sta_lta, trigger_onset

from paektuseis import coincidence, sta_lta, trigger_onsets

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def hour(real_data):
    """An hour of Piton de la Fournaise at three stations, band-passed by ObsPy."""
    start = UTCDateTime(2010, 9, 1, 7)
    folder = real_data / "piton_undervolc_2010" / "waveforms"
    stream = read(str(folder / "YA.UV*.244"), starttime=start, endtime=start + 3600)
    return stream.detrend("demean").filter("bandpass", freqmin=5, freqmax=25)


@pytest.mark.parametrize(
    ("method", "obspys", "within"),
    # ObsPy's running sums drift: 7e-9 within this hour, 1e-8 within the day
    [("classic", classic_sta_lta, 1e-7), ("recursive", recursive_sta_lta, 1e-9)],
)
def test_same_values_and_triggers_as_obspy(hour, method, obspys, within):
    cf = sta_lta(hour, sta=0.5, lta=20, method=method)
    for trace, record in zip(cf, hour, strict=True):
        want = obspys(record.data, 50, 2000)
        known = np.isfinite(trace.data)
        assert np.abs(trace.data - want)[known].max() <= within
        got = trigger_onsets(trace, thr_on=4, thr_off=1.5)
        on = [(UTCDateTime(ns=t.value) - record.stats.starttime) * 100 for t in got["starttime"]]
        assert np.rint(on).astype(int).tolist() == trigger_onset(want, 4, 1.5)[:, 0].tolist()


def test_classic_does_not_drift(hour):
    energy = hour[0].data.astype(np.longdouble) ** 2
    got = sta_lta(hour[0], sta=0.5, lta=20, method="classic")[0].data
    for i in range(1999, len(energy), 1777):
        want = energy[i - 49 : i + 1].mean() / energy[i - 1999 : i + 1].mean()
        assert abs(got[i] - want) <= 1e-13 * want


def test_the_two_earthquakes_of_the_hour(hour):
    cf = sta_lta(hour, sta=0.5, lta=20)
    got = coincidence(trigger_onsets(cf, thr_on=4, thr_off=1.5), min_stations=3, window=3)
    assert got["starttime"].dt.strftime("%H:%M:%S").tolist() == ["07:00:32", "07:33:34"]
