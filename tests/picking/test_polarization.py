"""Particle motion against planted directions and the closed form."""

from __future__ import annotations

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis import ParameterError, polarization

T0 = UTCDateTime("2015-04-01T02:00:00")


def stream_of(rows, codes="ZNE"):
    head = {"network": "XX", "station": "PKA", "sampling_rate": 100.0, "starttime": T0}
    return Stream(
        [
            Trace(np.asarray(r), head | {"channel": "HH" + c})
            for c, r in zip(codes, rows, strict=True)
        ]
    )


@pytest.mark.parametrize(("azimuth", "incidence"), [(0, 10), (33, 40), (145, 25), (271.5, 70)])
def test_planted_direction_comes_back(azimuth, incidence, rng):
    wave = rng.standard_normal(400)
    a, i = np.radians([azimuth, incidence])
    direction = [np.cos(i), np.sin(i) * np.cos(a), np.sin(i) * np.sin(a)]
    row = polarization(stream_of([wave * d for d in direction])).iloc[0]
    assert abs((row["azimuth"] - azimuth + 180) % 360 - 180) < 1e-6
    assert row["backazimuth"] == pytest.approx((azimuth + 180) % 360, abs=1e-6)
    assert row["incidence"] == pytest.approx(incidence, abs=1e-6)
    assert row["rectilinearity"] == pytest.approx(1.0, abs=1e-9)


def test_measures_are_those_of_the_covariance(rng):
    rows = rng.standard_normal((3, 300)) * [[5.0], [2.0], [1.0]] + [[3.0], [-7.0], [100.0]]
    row = polarization(stream_of(rows)).iloc[0]
    values = np.sort(np.linalg.eigvalsh(np.cov(rows, bias=True)))[::-1]
    assert row["rectilinearity"] == pytest.approx(1 - (values[1] + values[2]) / (2 * values[0]))
    assert row["planarity"] == pytest.approx(1 - 2 * values[2] / (values[0] + values[1]))
    assert row["amplitude"] == pytest.approx(np.sqrt(values[0]))


def test_standard_error_is_the_scatter_seen(rng):
    a, i = np.radians([60.0, 35.0])
    direction = np.array([np.cos(i), np.sin(i) * np.cos(a), np.sin(i) * np.sin(a)])
    found, stated = [], []
    for _ in range(200):
        rows = np.outer(direction, 10 * rng.standard_normal(100)) + rng.standard_normal((3, 100))
        row = polarization(stream_of(rows)).iloc[0]
        found.append((row["azimuth"], row["incidence"]))
        stated.append((row["azimuth_uncertainty"], row["incidence_uncertainty"]))
    seen = np.std(found, axis=0)
    np.testing.assert_allclose(np.median(stated, axis=0), seen, rtol=0.2)
    np.testing.assert_allclose(np.mean(found, axis=0), [60, 35], atol=0.3)


def test_still_window_has_no_direction():
    row = polarization(stream_of(np.full((3, 100), 7.0))).iloc[0]
    assert np.isnan(row["azimuth"])
    assert np.isnan(row["rectilinearity"])


def test_windows_stay_in_their_pieces(rng):
    rows = rng.standard_normal((3, 500))
    whole = stream_of(rows)
    gap = whole.slice(T0, T0 + 1.99) + whole.slice(T0 + 3, None)
    before = [tr.data.copy() for tr in gap]
    table = polarization(gap, window=0.8)
    assert len(table) == 4 + 4
    starts = [UTCDateTime(t) - T0 for t in table["starttime"]]
    assert all(s + 0.8 <= 2.0 + 1e-6 or s >= 3.0 - 1e-6 for s in starts)
    assert all(np.array_equal(a, tr.data) for a, tr in zip(before, gap, strict=True))


@pytest.mark.parametrize("bad", [{"window": 0.0}, {"window": 0.02}, {"freqmin": 1.0}])
def test_bad_options_are_refused(bad, rng):
    with pytest.raises(ParameterError):
        polarization(stream_of(rng.standard_normal((3, 200))), **bad)
