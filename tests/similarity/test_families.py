"""Families of like events: planted ones, literal correlations, gaps, archives."""

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables

START = UTCDateTime(2020, 1, 1, 5)
RATE = 50.0
SPACING = 40  # s
PLAIN = {"before": 1.0, "length": 8.0, "freqmin": None, "freqmax": None}


def wavelet(rng, count=3):
    """Return an event of 6 s on some channels, by a random walk of its own."""
    t = np.arange(300) / RATE
    noise = rng.normal(size=(count, 300))
    return np.apply_along_axis(np.convolve, 1, noise, np.hanning(9), "same") * np.exp(-t / 1.5)


def planted(rng, *, families=(4, 3, 2), alone=3, noise=0.02, stations=("A",), channel="HH"):
    """Return record, events and truth: family, log10 of size and delay (samples) by event."""
    kinds = [k for k, n in enumerate(families) for _ in range(n)]
    kinds += [len(families) + k for k in range(alone)]
    kinds = [kinds[i] for i in rng.permutation(len(kinds))]
    n = round((len(kinds) + 1) * SPACING * RATE)
    size = 10 ** rng.uniform(-0.5, 0.5, len(kinds))
    delay = rng.integers(-15, 16, len(kinds))
    stream = Stream()
    shapes = {(k, s): wavelet(rng) for k in sorted(set(kinds)) for s in stations}
    for station in stations:
        data = noise * rng.normal(size=(3, n))
        for i, kind in enumerate(kinds):
            at = round((i + 1) * SPACING * RATE) + delay[i]
            data[:, at : at + 300] += size[i] * shapes[kind, station]
        for x, component in zip(data, "ENZ", strict=True):
            header = {"network": "XX", "station": station, "channel": channel + component}
            stream.append(Trace(x, {**header, "sampling_rate": RATE, "starttime": START}))
    times = [pd.Timestamp((START + (i + 1) * SPACING).ns, tz="UTC") for i in range(len(kinds))]
    events = pd.DataFrame({"event_id": [f"ev{i:02d}" for i in range(len(kinds))], "time": times})
    truth = pd.DataFrame({"kind": kinds, "log_size": np.log10(size), "delay": delay})
    return stream, events, truth


def cut(stream, time, station="A"):
    """Return the windows of an event by plain indexing, without their means."""
    at = round((UTCDateTime(ns=time.value) - 1 - START) * RATE)
    rows = np.array([t.data[at : at + 400] for t in stream.select(station=station)])
    return rows - rows.mean(axis=1, keepdims=True)


def literal(a, b, shift=50):
    """Return the largest mean correlation and its lag, by the sums of the definition."""
    n, best = a.shape[1], (-2.0, 0)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    for k in range(-shift, shift + 1):
        value = 0.0
        for x, y, s in zip(a, b, scale, strict=True):
            value += sum(x[i] * y[i + k] for i in range(max(-k, 0), n - max(k, 0))) / s
        best = max(best, (value / len(a), k))
    return best


def rand_index(a, b):
    """Return the adjusted Rand index of two partitions."""
    table = pd.crosstab(np.asarray(a), np.asarray(b)).to_numpy()

    def pairs(x):
        return float((x * (x - 1) / 2).sum())

    both, one, two = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = one * two / pairs(np.array([len(a)]))
    return (both - expected) / ((one + two) / 2 - expected)


def partition(found):
    """Return a label for each event; an event in no family is a class of its own."""
    return found["family"].where(found["family"] != "", found["event_id"])


@pytest.mark.parametrize("linkage", ["average", "single", "complete"])
def test_planted_families_sizes_and_lags(rng, linkage):
    stream, events, truth = planted(rng)
    found = ps.find_families(stream, events, linkage=linkage, **PLAIN)
    tables.FAMILIES.check(found)
    assert found["event_id"].tolist() == events["event_id"].tolist()
    assert rand_index(partition(found), truth["kind"]) == pytest.approx(1.0)
    assert (found["family"] != "").sum() == 9
    for name, part in found[found["family"] != ""].groupby("family"):
        assert name == part["event_id"].iloc[0]  # the earliest
        assert part["master"].sum() == 1
        rows = truth.loc[part.index]
        head = truth.loc[part.index[part["master"]][0]]
        np.testing.assert_allclose(part["lag"], (rows["delay"] - head["delay"]) / RATE, atol=1e-6)
        np.testing.assert_allclose(
            part["relative_magnitude"], rows["log_size"] - head["log_size"], atol=0.02
        )
        own = part[part["master"]].iloc[0]
        assert (own["correlation"], own["lag"]) == (pytest.approx(1), 0)
        assert own["relative_magnitude"] == pytest.approx(0, abs=1e-9)
    lone = found[found["family"] == ""]
    assert lone[["correlation", "lag", "relative_magnitude"]].isna().all(axis=None)
    assert (lone["n_stations"] == 1).all()
