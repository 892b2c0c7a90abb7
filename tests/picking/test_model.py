"""The adapter of SeisBench models.

SeisBench itself is not needed: a small module of its documented interface stands in for it
(``seisbench.models.<Model>.load(path, version_str)``, ``classify(stream, P_threshold=...,
S_threshold=...)`` with ``.picks`` of ``trace_id`` NET.STA.LOC, ``peak_time``, ``peak_value``,
``phase``). What a trained network finds is therefore not tested here, only the adapter.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from obspy import UTCDateTime

from paektuseis import ParameterError, pick_phases, pick_with_model
from paektuseis.tables import PICKS

T0 = UTCDateTime("2015-04-01T02:00:00")


@pytest.fixture
def fake(monkeypatch):
    calls = SimpleNamespace(loaded=[], thresholds=[], offered=[("P", 15.0, 0.9), ("S", 18.0, 0.45)])

    class PhaseNet:
        @classmethod
        def load(cls, path, version_str=None):
            calls.loaded.append((path.name, version_str))
            return cls()

        def classify(self, stream, **kwargs):
            calls.thresholds.append(kwargs)
            names = sorted({".".join(tr.id.split(".")[:3]) for tr in stream})
            for trace in stream:
                trace.data[:] = 0  # the real one may write to what it is given
            picks = [
                SimpleNamespace(
                    trace_id=name,
                    start_time=T0 + at - 0.1,
                    end_time=T0 + at + 0.1,
                    peak_time=T0 + at,
                    peak_value=value,
                    phase=phase,
                )
                for name in names
                for phase, at, value in calls.offered
                if value >= kwargs[f"{phase}_threshold"]
            ]
            return SimpleNamespace(creator="PhaseNet", picks=picks)

    models = ModuleType("seisbench.models")
    models.PhaseNet = PhaseNet
    package = ModuleType("seisbench")
    package.models = models
    monkeypatch.setitem(sys.modules, "seisbench", package)
    monkeypatch.setitem(sys.modules, "seisbench.models", models)
    return calls


@pytest.fixture
def weights(tmp_path):
    for name in ("volcano.pt", "volcano.json", "volcano.pt.v2", "volcano.json.v2"):
        (tmp_path / name).write_bytes(b"{}")
    return tmp_path / "volcano.pt"


def test_table_of_picks(fake, weights, rng, make_event):
    stream = make_event(rng)
    before = [trace.data.copy() for trace in stream]
    picks = pick_with_model(stream, weights=weights, event_id="e1", min_probability=0.4)
    assert list(picks.columns) == [c.name for c in PICKS.columns]
    assert picks["phase"].tolist() == ["P", "S"]
    assert picks["trace_id"].tolist() == ["XX.PKA..HHZ", "XX.PKA..HHE"]
    assert [UTCDateTime(t) - T0 for t in picks["time"]] == [15.0, 18.0]
    assert picks["uncertainty"].isna().all()
    assert picks["method"].iloc[1] == "PhaseNet volcano, probability 0.45"
    assert picks["event_id"].tolist() == ["e1", "e1"]
    assert fake.loaded == [("volcano", None)]
    assert fake.thresholds == [{"P_threshold": 0.4, "S_threshold": 0.4}]
    assert all(np.array_equal(a, tr.data) for a, tr in zip(before, stream, strict=True))


def test_snr_is_that_of_pick_phases(fake, weights, rng, make_event):
    stream = make_event(rng)
    want = pick_phases(stream, phases=["P"], bands=[(1.0, 20.0)])
    fake.offered = [("P", UTCDateTime(want["time"].iloc[0]) - T0, 0.9)]
    got = pick_with_model(stream, weights=weights)
    assert got["snr"].iloc[0] == pytest.approx(want["snr"].iloc[0], rel=0.05)
    assert (got["freqmin"].iloc[0], got["freqmax"].iloc[0]) == (1.0, 20.0)


def test_s_alone_and_threshold(fake, weights, rng, make_event):
    stream = make_event(rng)
    assert pick_with_model(stream, weights=weights, phases=["S"])["phase"].tolist() == ["S"]
    assert pick_with_model(stream, weights=weights, min_probability=0.5)["phase"].tolist() == ["P"]


def test_pick_where_nothing_was_recorded_is_left_out(fake, weights, rng, make_event):
    stream = make_event(rng)
    split = stream.slice(T0, T0 + 14.0) + stream.slice(T0 + 16.0, None)
    problems: list[str] = []
    picks = pick_with_model(split, weights=weights, problems=problems)
    assert picks["phase"].tolist() == ["S"]
    assert problems == ["XX.PKA.: P left out: no record holds it"]


def test_version_of_the_weights(fake, weights, rng, make_event):
    picks = pick_with_model(make_event(rng), weights=str(weights) + ".v2")
    assert fake.loaded == [("volcano", "2")]
    assert picks["method"].iloc[0].startswith("PhaseNet volcano v2,")
    pick_with_model(make_event(rng), weights=weights.with_suffix(""))
    assert fake.loaded[1] == ("volcano", None)


def test_absent_weights_are_named(fake, tmp_path, rng, make_event):
    (tmp_path / "half.pt").write_bytes(b"")
    with pytest.raises(ParameterError, match=r"half\.json"):
        pick_with_model(make_event(rng), weights=tmp_path / "half.pt")
    assert fake.loaded == []


def test_without_seisbench_the_extra_is_named(monkeypatch, weights, rng, make_event):
    monkeypatch.setitem(sys.modules, "seisbench", None)
    monkeypatch.setitem(sys.modules, "seisbench.models", None)
    with pytest.raises(ParameterError, match=r"paektuseis\[ml\]"):
        pick_with_model(make_event(rng), weights=weights)


@pytest.mark.parametrize(
    "bad",
    [
        {"model": "other"},
        {"phases": ["X"]},
        {"min_probability": 0.0},
        {"freqmin": 5.0, "freqmax": 2.0},
    ],
)
def test_bad_options_are_refused(bad, fake, weights, rng, make_event):
    with pytest.raises(ParameterError):
        pick_with_model(make_event(rng), weights=weights, **bad)
