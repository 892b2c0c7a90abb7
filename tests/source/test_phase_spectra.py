"""Periodograms against a literal re-statement, damage against hand-made spans."""

import numpy as np
import pytest
import scipy.signal
from obspy import Stream, Trace, UTCDateTime

from paektuseis.errors import WaveformError
from paektuseis.source._records import Sensors, sensors_of
from paektuseis.source._spectra import TAPER_SHARE, _periodograms


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
@pytest.mark.parametrize(("width", "count"), [(200, 200), (157, 200)])
def test_each_row_is_the_periodogram_of_its_window(rng, dtype, width, count):
    rate = 50.0
    windows = (rng.normal(0, 1000, (3, width)) + 40 * np.arange(width)).astype(dtype)
    got = _periodograms(windows, count, rate)
    ramp = round(TAPER_SHARE * width)
    rise = np.sin(0.5 * np.pi * (np.arange(ramp) + 0.5) / ramp) ** 2
    taper = np.concatenate([rise, np.ones(width - 2 * ramp), rise[::-1]])
    for row, window in zip(got, windows, strict=True):
        plain = scipy.signal.detrend(window.astype(np.float64)) * taper
        size = 2 * (len(row) - 1)
        want = np.abs(np.fft.rfft(plain, size) / rate) ** 2
        np.testing.assert_allclose(row, want, rtol=1e-9, atol=1e-9 * want.max())
    assert windows.dtype == dtype


def test_a_window_is_refused_where_it_touches_a_clipped_run_and_only_there(rng):
    start = UTCDateTime(2020, 1, 1)
    x = rng.normal(0, 2e5, 6000)
    top = 2**23 - 1
    x[3000:3020] = top * np.sign(rng.normal(size=20))
    x[3000:3010] = top
    x[3010:3020] = -top
    trace = Trace(x.astype(np.int32), {"network": "X", "station": "A", "channel": "HHZ",
                                       "sampling_rate": 100.0, "starttime": start})  # fmt: skip
    sensors = sensors_of(Stream([trace]))
    sensor = sensors["X.A"][0]
    assert sensor.window("Z", start + 5, start + 20).id == trace.id
    assert sensor.window("Z", start + 40, start + 55).id == trace.id
    with pytest.raises(WaveformError, match=r"X\.A\.\.HHZ"):
        sensor.window("Z", start + 25, start + 35)
    assert isinstance(sensors, Sensors)
    assert sensors_of(sensors) is sensors
