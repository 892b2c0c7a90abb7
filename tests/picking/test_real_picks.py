"""Analyst picks of Northern California, every window of the folder."""

from __future__ import annotations

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis import pick_phases

T0 = UTCDateTime("2015-04-01T02:00:00")
RATE = 100.0


@pytest.fixture(scope="module")
def errors(real_data):
    """Errors in seconds of P and S of each window; NaN where refused."""
    files = sorted((real_data / "ncedc_phasenet_picks").glob("*.npz"))
    if not files:
        pytest.skip("the windows with analyst picks are not here")
    rng = np.random.default_rng(3)
    out = np.full((len(files), 2), np.nan)
    for i, path in enumerate(files):
        with np.load(path, allow_pickle=False) as kept:
            data, p, s = kept["data"], int(kept["itp"]), int(kept["its"])
            names = str(kept["channels"]).split("_")
            # a single vertical stands in the last column, the others hold zeros
            columns = list(enumerate(names)) if len(names) == 3 else [(2, names[0])]
        size = round(rng.uniform(30.0, 60.0) * RATE)
        # at least 8 s before P and 5 s after S, and inside what was recorded
        first = int(rng.integers(max(0, s + 500 - size), p - 800 + 1))
        size = min(size, len(data) - first)
        head = {"network": "NC", "station": "A", "sampling_rate": RATE, "starttime": T0}
        stream = Stream(
            [
                Trace(np.ascontiguousarray(data[first : first + size, k]), head | {"channel": name})
                for k, name in columns
            ]
        )
        picks = pick_phases(stream)
        for j, (phase, truth) in enumerate((("P", p), ("S", s))):
            for time in picks.loc[picks["phase"] == phase, "time"]:
                out[i, j] = (UTCDateTime(time) - T0) - (truth - first) / RATE
    return out


def test_p_of_all_windows(errors):
    p = np.abs(errors[:, 0])
    assert np.mean(p <= 0.1) >= 0.90
    assert np.mean(p <= 0.5) >= 0.97


def test_s_of_all_windows(errors):
    assert np.mean(np.abs(errors[:, 1]) <= 0.2) >= 0.80
