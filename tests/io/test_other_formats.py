"""Formats other than miniSEED 2: written by their own writers, read back through our checks."""

import numpy as np
import obspy
import pytest

from paektuseis.io import read_waveforms, reader_findings

START = obspy.UTCDateTime("2010-09-01T00:00:10.25")


@pytest.fixture
def trace(rng):
    data = np.cumsum(rng.integers(-50, 50, 3000)).astype(np.int32)
    return obspy.Trace(
        data,
        header={
            "network": "YA",
            "station": "UV05",
            "location": "00",
            "channel": "HHZ",
            "sampling_rate": 100,
            "starttime": START,
        },
    )


def write(trace, path, name, dtype=None, **options):
    out = trace.copy()
    if dtype is not None:
        out.data = out.data.astype(dtype)
    out.write(str(path), format=name, **options)
    return path


@pytest.mark.filterwarnings("ignore:CREATING TRACE HEADER")
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("SLIST", None),
        ("TSPAIR", None),
        ("SACXY", np.float32),
        ("SU", np.float32),
        ("SEGY", np.float32),
        ("GCF", None),
        ("SH_ASC", np.float32),
        ("AH", np.float32),
    ],
)
def test_round_trip(tmp_path, trace, name, dtype):
    if name in ("GCF", "SU", "SEGY"):  # whole seconds only
        trace.stats.starttime = obspy.UTCDateTime("2010-09-01")
    path = write(trace, tmp_path / "x", name, dtype)
    stream = read_waveforms(path)
    data = np.concatenate([t.data for t in stream])
    np.testing.assert_allclose(data, trace.data, rtol=1e-5)
    assert abs(stream[0].stats.starttime - trace.stats.starttime) < 1e-2
    assert stream[0].stats.sampling_rate == pytest.approx(100, rel=1e-5)


def write_mseed3(trace, folder):
    pymseed = pytest.importorskip("pymseed")
    path = folder / "x.mseed3"
    records = pymseed.MS3TraceList()
    records.add_data(
        sourceid="FDSN:YA_UV05_00_H_H_Z",
        data_samples=trace.data.tolist(),
        sample_type="i",
        sample_rate=100.0,
        starttime=int(START.ns),
    )
    records.to_file(str(path), max_record_length=512, format_version=3)
    return path


def test_mseed3(tmp_path, trace):
    path = write_mseed3(trace, tmp_path)
    (ours,) = read_waveforms(path)
    assert ours.id == trace.id
    assert ours.stats.starttime == START
    np.testing.assert_array_equal(ours.data, trace.data)
    content = bytearray(path.read_bytes())
    second = content.index(b"MS\x03", 10)
    content[second + 100] ^= 1
    path.write_bytes(content)
    stream = read_waveforms(path)
    assert len(stream) == 2
    assert reader_findings(stream).check.tolist() == ["bad_record"]


def test_mseed3_cut_and_interrupted(tmp_path, trace):
    path = write_mseed3(trace, tmp_path)
    content = path.read_bytes()
    last, second = content.rindex(b"MS\x03"), content.index(b"MS\x03", 10)
    path.write_bytes(content[:second] + b"junk" * 9 + content[second:-7])
    stream = read_waveforms(path)
    (ours,) = stream
    np.testing.assert_array_equal(ours.data, trace.data[: len(ours.data)])
    assert 0 < len(trace.data) - len(ours.data) < 512
    rows = reader_findings(stream)
    assert rows.check.tolist() == ["not_a_record"] * 2
    assert rows.value.tolist() == [36.0, len(content) - 7 - last]
