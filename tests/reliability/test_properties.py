"""What must hold for any order, copy, cut, split, bit and gain: a thousand examples of each."""

import itertools
import struct
import sys
from pathlib import Path

import numpy as np
import obspy
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import paektuseis as ps

sys.path.insert(0, str(Path(__file__).parent))
import fuzz

START = obspy.UTCDateTime("2010-09-01T00:00:00.1234")
RATE = 100.0
THOUSAND = settings(
    max_examples=1000,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DATA = np.cumsum(np.random.default_rng(8).integers(-900, 900, 2600)).astype(np.int32)


def records(encoding="STEIM2"):
    """The records of a channel as bytes, and the first sample of each."""
    import io

    header = {"network": "YA", "station": "UV05", "location": "00", "channel": "HHZ"}
    buffer = io.BytesIO()
    trace = obspy.Trace(DATA, header | {"sampling_rate": RATE, "starttime": START})
    trace.write(buffer, format="MSEED", encoding=encoding, reclen=512)
    raw = buffer.getvalue()
    parts = [raw[at : at + 512] for at in range(0, len(raw), 512)]
    counts = [struct.unpack(">H", part[30:32])[0] for part in parts]
    return parts, np.concatenate(([0], np.cumsum(counts)))


PARTS, FIRST = records()
N = len(PARTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("properties")


def read(folder, content, name="x.mseed", **options):
    path = folder / name
    path.write_bytes(content)
    return ps.read_waveforms(path, **options)


def samples_where(stream):
    """Value by sample number since the start; each at most once."""
    out = {}
    for trace in stream:
        first = (trace.stats.starttime - START) * RATE
        assert abs(first - round(first)) < 1e-6
        for i, value in enumerate(trace.data.tolist(), round(first)):
            assert i not in out
            out[i] = value
    return out


@THOUSAND
@given(st.permutations(range(N)), st.lists(st.integers(0, N - 1), max_size=6), st.data())
def test_order_copies_and_files_do_not_matter(folder, order, copies, data):
    order = [*order, *copies]
    cuts = sorted(data.draw(st.lists(st.integers(1, len(order) - 1), max_size=2, unique=True)))
    stream = obspy.Stream()
    for k, (a, b) in enumerate(itertools.pairwise([0, *cuts, len(order)])):
        stream += read(folder, b"".join(PARTS[i] for i in order[a:b]), f"{k}.mseed")
    joined, found = ps.join_segments(stream)
    (trace,) = joined
    np.testing.assert_array_equal(trace.data, DATA)
    assert trace.stats.starttime == START
    assert set(found["check"]) <= {"duplicate"} or "conflict" not in "".join(found["check"])


@THOUSAND
@given(st.integers(1, 512 * N))
def test_a_cut_file_is_a_prefix(folder, size):
    content = b"".join(PARTS)[:size]
    whole = size // 512
    if not whole:
        with pytest.raises(ps.WaveformError):
            read(folder, content)
        return
    stream = read(folder, content)
    (trace,) = stream
    assert trace.stats.starttime == START
    np.testing.assert_array_equal(trace.data, DATA[: FIRST[whole]])
    told = set(ps.reader_findings(stream)["check"])
    assert bool(told) == (size % 512 > 0)


@THOUSAND
@given(st.lists(st.integers(0, len(DATA) + 400), min_size=1, max_size=5, unique=True))
def test_pieces_of_time_give_the_samples_of_the_whole(folder, edges):
    content = b"".join(PARTS)
    times = [START + (e - 0.5) / RATE for e in sorted(edges)]
    got = {}
    for a, b in itertools.pairwise([None, *times, None]):
        try:
            part = samples_where(read(folder, content, starttime=a, endtime=b))
        except ps.WaveformError:
            continue  # nothing in that window
        assert not set(part) & set(got)
        got |= part
    assert got == dict(enumerate(DATA.tolist()))


@pytest.mark.parametrize("name", ["mseed-steim1", "mseed-steim2", "gcf", "gse2"])
@THOUSAND
@given(data=st.data())
def test_a_flipped_bit_never_gives_another_sample(judges, name, data):
    judge = judges(name)
    bit = data.draw(st.integers(0, 8 * len(judge.target.content) - 1))
    content = bytearray(judge.target.content)
    content[bit // 8] ^= 1 << bit % 8
    verdict, words = judge._read(bytes(content))
    assert verdict in ("sound", "refused"), words


@pytest.fixture(scope="module")
def judges(tmp_path_factory):
    made = {}

    def judge(name):
        if name not in made:
            made[name] = fuzz.Judge(name, tmp_path_factory.mktemp(name))
        return made[name]

    return judge


@THOUSAND
@given(st.integers(1, 2**20), st.integers(0, 2**32 - 1))
def test_a_gain_scales_amplitudes_and_leaves_ratios(gain, seed):
    data = np.random.default_rng(seed).integers(-500, 500, 1500).astype(np.float64)
    header = {"network": "XX", "station": "A", "channel": "HHZ", "sampling_rate": 50.0}
    one, many = (obspy.Stream([obspy.Trace(data * g, header)]) for g in (1.0, float(gain)))
    a, b = (ps.rsam(s, freqmin=1.0, freqmax=10.0, window=10.0) for s in (one, many))
    np.testing.assert_allclose(b["value"], a["value"] * gain, rtol=1e-9)
    first, second = (ps.sta_lta(s, sta=0.5, lta=5.0)[0].data for s in (one, many))
    np.testing.assert_allclose(second, first, rtol=1e-9)
    low, high = (ps.power_spectral_density(s[0], window=5.0) for s in (one, many))
    np.testing.assert_allclose(high.values, low.values * float(gain) ** 2, rtol=1e-9)
