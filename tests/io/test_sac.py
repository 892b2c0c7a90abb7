"""SAC: against obspy and hand-built headers, and what a header states twice held against itself."""

import struct
import warnings
from pathlib import Path

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.io import _sac as sac
from paektuseis.io._foreign import impossible_times

START = obspy.UTCDateTime("2010-09-01T00:00:10.25")


def build(data, *, order="<", version=6, footer=None, texts=None, **values):
    """A SAC file by the layout of the manual: 70 floats, 40 integers, 192 bytes of text."""
    data = np.asarray(data, float)
    floats, integers = [-12345.0] * 70, [-12345] * 40
    fields = {"delta": 0.01, "b": 0.0, "e": (len(data) - 1) * 0.01}
    fields |= {"nzyear": 2010, "nzjday": 244, "nzhour": 0, "nzmin": 0, "nzsec": 10, "nzmsec": 250}
    fields |= {"nvhdr": version, "npts": len(data), "iftype": 1, "leven": 1}
    places = {"delta": 0, "depmin": 1, "depmax": 2, "scale": 3, "b": 5, "e": 6, "stla": 31}
    whole = {"nzyear": 0, "nzjday": 1, "nzhour": 2, "nzmin": 3, "nzsec": 4, "nzmsec": 5}
    whole |= {"nvhdr": 6, "npts": 9, "iftype": 15, "leven": 35}
    for name, value in (fields | values).items():
        if name in places:
            floats[places[name]] = value
        else:
            integers[whole[name]] = value
    strings = bytearray(b"-12345  " * 24)
    for at, text in {0: b"UV05", 160: b"HHZ", 168: b"YA", 24: b"00", **(texts or {})}.items():
        strings[at : at + 8] = text.ljust(8)
    head = struct.pack(order + "70f40i", *floats, *integers) + bytes(strings)
    tail = b"" if footer is None else struct.pack(order + "22d", *footer)
    return head + data.astype(order + "f4").tobytes() + tail


@pytest.fixture
def signal(rng):
    return np.cumsum(rng.integers(-50, 50, 3000)).astype(np.float32)


def read(tmp_path, content, **options):
    path = tmp_path / "x.sac"
    path.write_bytes(content)
    return ps.read_waveforms(path, **options)


def checks(stream):
    return ps.reader_findings(stream).check.tolist()


@pytest.mark.parametrize("order", ["<", ">"])
def test_read_exactly_and_as_obspy(tmp_path, signal, order):
    content = build(signal, order=order, b=0.0625, e=30.0525, stla=41.9916, scale=2.0)
    (ours,) = read(tmp_path, content)
    (theirs,) = obspy.read(tmp_path / "x.sac", format="SAC")
    np.testing.assert_array_equal(ours.data, signal)
    assert ours.data.dtype == np.float32
    assert ours.data.dtype.isnative
    assert ours.id == theirs.id == "YA.UV05.00.HHZ"
    assert ours.stats.starttime == theirs.stats.starttime == START + 0.0625
    assert ours.stats.sampling_rate == theirs.stats.sampling_rate == 100
    assert ours.stats.calib == theirs.stats.calib == 2
    shared = {k: v for k, v in theirs.stats.sac.items() if v != ""}
    assert {k: ours.stats.sac[k] for k in shared} == shared
    assert not checks(ours)
    (head,) = read(tmp_path, content, headonly=True)
    assert (head.stats.npts, len(head.data)) == (3000, 0)


def test_obspy_test_files():
    folder = Path(obspy.__file__).parent / "io" / "sac" / "tests" / "data"
    names = ["LMOW.BHE.SAC", "null_terminated.sac", "seism.sac", "test.sac", "test.sac.swap"]
    files = [folder / n for n in [*names, "sample_spacing_rounding_issue.sac"]]
    if not all(p.exists() for p in files):
        pytest.skip("this obspy comes without its test files")
    for path in files:
        (ours,) = ps.read_waveforms(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one file's interval is told to be rounded
            (theirs,) = obspy.read(path, format="SAC")
        np.testing.assert_array_equal(ours.data, theirs.data)
        assert ours.stats.starttime == theirs.stats.starttime
        assert ours.stats.sampling_rate == theirs.stats.sampling_rate
        assert ours.stats.station.replace("%2E", ".") == theirs.stats.station


@pytest.mark.parametrize("rate", [0.1, 1, 20, 25, 30, 62.5, 100, 125, 128, 250, 300, 512, 3000])
def test_rate_of_a_32_bit_interval(tmp_path, signal, rate):
    for delta in (np.float32(1 / rate), np.nextafter(np.float32(1 / rate), np.float32(0))):
        end = (len(signal) - 1) * float(delta)
        (trace,) = read(tmp_path, build(signal, delta=float(delta), e=end))
        assert trace.stats.sampling_rate == pytest.approx(rate, rel=1e-12)


def test_rate_that_is_no_round_number(tmp_path, signal):
    delta = float(np.float32(0.01233777))
    (trace,) = read(tmp_path, build(signal, delta=delta, e=(len(signal) - 1) * delta))
    assert trace.stats.sampling_rate == 1 / delta


def test_version_7_takes_its_times_in_64_bits(tmp_path, signal):
    footer = [0.01, 0.1234567891, -12345.0] + [-12345.0] * 19
    values = dict.fromkeys(["b"], float(np.float32(footer[1])))
    content = build(signal, version=7, footer=footer, e=30.11346, **values)
    (trace,) = read(tmp_path, content)
    np.testing.assert_array_equal(trace.data, signal)
    assert trace.stats.starttime == START + 0.1234567891
    footer[0] = 0.02
    (trace,) = read(tmp_path, build(signal, version=7, footer=footer, e=30.11346, **values))
    assert checks(trace) == ["header_times"]
    assert trace.stats.sampling_rate == 100


LIES = {
    "delta": ({"delta": 0.0}, "delta"),
    "delta below 0": ({"delta": -0.01}, "delta"),
    "delta nan": ({"delta": float("nan")}, "delta"),
    "no delta": ({"delta": -12345.0}, "delta"),
    "delta of an age": ({"delta": 1e20}, "sampling rate"),
    "npts huge": ({"npts": 2**31 - 1}, "npts"),
    "npts negative": ({"npts": -5}, "npts"),
    "npts one less": ({"npts": 2999}, "npts"),
    "no year": ({"nzyear": -12345}, "no absolute time"),
    "no ms": ({"nzmsec": -12345}, "no absolute time"),
    "no begin": ({"b": -12345.0}, "no absolute time"),
    "day 400": ({"nzjday": 400}, "is no time"),
    "day 366": ({"nzjday": 366}, "is no time"),
    "hour 24": ({"nzhour": 24}, "is no time"),
    "ms 1000": ({"nzmsec": 1000}, "is no time"),
    "begin nan": ({"b": float("nan")}, "is no time"),
    "begin far": ({"b": 1e20}, "is no time"),
    "begin long ago": ({"b": -9e8, "nzyear": 1901}, "before 1900"),
    "uneven": ({"leven": 0}, "unevenly"),
    "spectrum": ({"iftype": 2}, "spectral"),
}


@pytest.mark.parametrize("case", LIES)
def test_header_lies(tmp_path, signal, case):
    change, words = LIES[case]
    with pytest.raises(ps.WaveformError, match=words) as caught:
        read(tmp_path, build(signal, **change))
    assert "x.sac" in str(caught.value)


def test_times_no_seismogram_is_of():
    year_2100 = 4_102_444_800 * 10**9
    assert not impossible_times(year_2100, 3000, 100.0)
    assert "after 2200" in impossible_times(year_2100, 40_000_000, 0.01)
    assert "before 1900" in impossible_times(-(2**62), 3000, 100.0)
    for rate in (0.0, 1e-6, 1e9, float("nan"), float("inf")):
        assert "sampling rate" in impossible_times(0, 3000, rate)


def test_cut_and_grown(tmp_path, signal):
    content = build(signal)
    for bad in (content[:-1], content[:-4], content[: len(content) // 2], content + b"\0"):
        with pytest.raises(ps.WaveformError, match="npts"):
            read(tmp_path, bad)


def test_what_the_header_states_twice(tmp_path, signal):
    (trace,) = read(tmp_path, build(signal, e=29.9))
    assert checks(trace) == ["header_times"]
    (row,) = ps.reader_findings(trace).itertuples()
    assert row.severity == "warning"
    assert "x.sac" in row.message
    low, high = float(signal.min()), float(signal.max())
    (trace,) = read(tmp_path, build(signal, depmin=low, depmax=high))
    assert not checks(trace)
    (trace,) = read(tmp_path, build(signal, depmin=low, depmax=high + 50))
    assert checks(trace) == ["header_range"]


def test_nan_is_a_gap(tmp_path, signal):
    signal[100] = np.nan
    stream = read(tmp_path, build(signal, depmax=float(np.nanmax(signal))))
    assert [t.stats.npts for t in stream] == [100, 2899]
    assert checks(stream) == ["no_data_value"]
    (nothing,) = [checks(read(tmp_path, build(np.full(10, 3.0), e=0.09)))]
    assert not nothing


def test_signalling_nan_in_the_header(tmp_path, signal):
    content = bytearray(build(signal))
    content[12:16] = struct.pack("<I", 0x7FA00000)  # scale
    (trace,) = read(tmp_path, content)
    assert checks(trace) == ["bad_header"]
    assert trace.stats.calib == 1


def test_hostile_codes_are_made_harmless(tmp_path, signal):
    (trace,) = read(tmp_path, build(signal, texts={0: b"../../..", 160: b"H\x1bZ"}))
    assert "/" not in trace.id
    assert "\x1b" not in trace.id
    assert "." not in trace.stats.station


def test_names_of_header_fields():
    assert [len(names.split()) for names in (sac._FLOATS, sac._INTEGERS, sac._TEXTS)] == [
        63,
        40,
        24,
    ]
