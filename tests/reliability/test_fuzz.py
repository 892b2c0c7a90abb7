"""Two thousand mutations of each format, and proof that the fuzzer sees what it is for."""

import sys
from pathlib import Path

import numpy as np
import pytest

import paektuseis as ps

sys.path.insert(0, str(Path(__file__).parent))
import _fuzz_oracles as oracles
import fuzz

OURS = ("mseed-steim1", "mseed-steim2", "mseed-int32", "mseed-float32", "sac", "gcf", "gse2")
APART = ("stationxml", "quakeml")
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory and time")


@pytest.mark.parametrize("name", OURS)
def test_waveforms(name):
    found = fuzz.fuzz_here(name, 2000, 7)
    assert not found.wrong
    assert found.counts.total() == 2000
    assert min(found.counts["sound"], found.counts["refused"]) > 20


@linux
@pytest.mark.parametrize("name", APART)
def test_xml_in_a_process_of_its_own(name):
    found = fuzz.fuzz(name, 2000, 7)
    assert not found.wrong
    assert found.counts.total() == 2000
    assert min(found.counts["sound"], found.counts["refused"]) > 20


@linux
def test_crashes_hangs_and_greed_are_noticed_and_survived():
    found = fuzz.fuzz(fuzz.SELF_TEST, 10, 0, seconds=1)
    assert [(number, verdict) for number, verdict, _ in found.wrong] == [
        (3, "crash"),
        (5, "hang"),
        (7, "memory"),
    ]
    assert found.counts["sound"] == 7


def test_mutations_are_the_same_each_time_and_of_many_kinds():
    target = fuzz.make_target("mseed-steim2")
    assert target == fuzz.make_target("mseed-steim2")
    first = [fuzz.mutate(target, 3, i) for i in range(50)]
    assert first == [fuzz.mutate(target, 3, i) for i in range(50)]
    assert len(set(first)) > 45
    assert fuzz.mutate(target, 4, 0) != first[0]
    sizes = {len(m) - len(target.content) for m in first}
    assert min(sizes) < 0 < max(sizes)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("fault", ["value", "shift", "drop", "late", "extra"])
def test_wrong_samples_are_noticed(name, fault, tmp_path, monkeypatch):
    judge = fuzz.Judge(name, tmp_path)
    real = ps.read_waveforms

    def wrong(path):
        stream = real(path)
        trace = stream[0]
        if fault == "value":
            trace.data = trace.data.copy()
            trace.data[100] += 1
        elif fault == "shift":
            trace.data = np.roll(trace.data, 1)
        elif fault == "drop":
            trace.data = np.delete(trace.data, 50)
        elif fault == "late":
            trace.stats.starttime += 0.006
        else:
            trace.data = np.append(trace.data, trace.data[-1:])
        return stream

    assert judge._read(judge.target.content) == ("sound", "")
    monkeypatch.setattr(ps, "read_waveforms", wrong)
    assert judge._read(judge.target.content)[0] == "silent"


@pytest.mark.parametrize(
    ("raised", "verdict"),
    [
        (ps.WaveformError("x"), "refused"),
        (ZeroDivisionError(), "foreign"),
        (UserWarning("x"), "foreign"),
        (MemoryError(), "memory"),
    ],
)
def test_exceptions_are_sorted(tmp_path, monkeypatch, raised, verdict):
    judge = fuzz.Judge("sac", tmp_path)

    def fail(path):
        raise raised

    monkeypatch.setattr(ps, "read_waveforms", fail)
    assert judge._read(b"")[0] == verdict


@pytest.mark.parametrize("name", ["mseed-steim1", "mseed-steim2", "gcf", "gse2"])
def test_the_second_decoders_hold_their_formats_checks(name):
    target = fuzz.make_target(name)
    units = list(oracles.ORACLES[target.oracle](target.content))
    assert sum(len(samples) for samples, _ in units) >= 400
    damaged = bytearray(target.content)
    damaged[target.content.index(b"DAT2") + 99 if name == "gse2" else 199] ^= 4
    left = list(oracles.ORACLES[target.oracle](bytes(damaged)))
    assert len(left) == len(units) - 1
