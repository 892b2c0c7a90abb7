"""Records with known onsets, for every test of this folder."""

from __future__ import annotations

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

T0 = UTCDateTime("2015-04-01T02:00:00")


def burst(n, rate, onset, *, frequency, amplitude, decay=1.5, sign=1):
    """A decaying sine that begins at sample ``onset``, rising first where sign is +1."""
    t = (np.arange(n) - onset) / rate
    live = np.where(t >= 0, t, 0.0)
    wave = np.sin(2 * np.pi * frequency * live) * np.exp(-live / decay)
    return sign * amplitude * np.where(t >= 0, wave, 0.0)


def event(
    rng,
    *,
    rate=100.0,
    seconds=40.0,
    p=15.0,
    s=18.0,
    size=200.0,
    s_size=500.0,
    sign=1,
    station="PKA",
    codes="ZNE",
    noise=1.0,
):
    """Three components: P mostly on Z at ``p`` s, S on the horizontals at ``s`` s."""
    n = round(seconds * rate)
    p_at, s_at = p * rate, s * rate
    f = min(8.0, 0.2 * rate)
    pw = burst(n, rate, p_at, frequency=f, amplitude=size, sign=sign, decay=1.0)
    sw = burst(n, rate, s_at, frequency=0.7 * f, amplitude=s_size)
    rows = [
        pw + 0.15 * sw,
        0.25 * pw + 0.9 * sw,
        0.15 * pw - 0.7 * sw,
    ]
    out = Stream()
    for code, row in zip(codes, rows, strict=True):
        head = {"network": "XX", "station": station, "channel": "HH" + code}
        head |= {"sampling_rate": rate, "starttime": T0}
        out.append(Trace(row + noise * rng.standard_normal(n), head))
    return out


def seconds_of(picks, phase):
    """Seconds after T0 of the one pick of a phase."""
    (time,) = picks.loc[picks["phase"] == phase, "time"]
    return UTCDateTime(time) - T0


@pytest.fixture
def make_event():
    return event


@pytest.fixture
def onset_of():
    return seconds_of
