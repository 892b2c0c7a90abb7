"""GSE2 and GSE1: against obspy on sound files, against an encoder written out in full, damaged."""

import math
from pathlib import Path

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.io import _gse2 as gse2, _kernels_gse as kernels

ALPHABET = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
START = obspy.UTCDateTime("2010-09-01T00:00:10.250")


def encode(number):
    """One integer as six-bit characters: sign and 4 bits, then 5 bits each."""
    bits = bin(abs(number))[2:]
    bits = bits.zfill(4 + 5 * max(0, math.ceil((len(bits) - 4) / 5)))
    groups = [int(bits[:4], 2) + (16 if number < 0 else 0)]
    groups += [int(bits[i : i + 5], 2) for i in range(4, len(bits), 5)]
    more = [32] * (len(groups) - 1) + [0]
    return "".join(ALPHABET[g + m] for g, m in zip(groups, more, strict=True))


def sum_of(data):
    """The checksum as the format's manual puts it, sample by sample."""
    total = 0
    for value in (int(v) for v in data):
        value = int(math.fmod(value, 10**8))
        total = int(math.fmod(total + value, 10**8))
    return abs(total)


def section(data, *, kind="CM6", width=80, check=None, rate=100.0, claim=None, eol="\n", **head):
    data = [int(v) for v in data]
    if kind == "CM6":
        first = [b - a for a, b in zip([0, *data[:-1]], data, strict=True)]
        second = [b - a for a, b in zip([0, *first[:-1]], first, strict=True)]
        body = "".join(encode(v) for v in second)
        lines = [body[i : i + width] for i in range(0, len(body), width)]
    else:
        words = [str(v) for v in data]
        lines = [" ".join(words[i : i + 10]) for i in range(0, len(words), 10)]
    wid = (
        f"WID2 {head.get('date', '2010/09/01 00:00:10.250')} {head.get('station', 'UV05'):<5} "
        f"HHZ {'':4} {kind:<3} {len(data) if claim is None else claim:>8} {rate:>11} "
        f"{head.get('calib', '1.00e+00'):>10}   1.000 {'':6} {-1.0:5.1f} {-1.0:4.1f}"
    )
    sta = f"STA2 {'YA':<9} {-1.5:9.5f} {29.2:10.5f} {'WGS-84':<12} 1.234 0.000"
    end = f"CHK2 {sum_of(data) if check is None else check:>8}"
    return (eol.join([wid, sta, "DAT2", *lines, end, "", ""])).encode()


@pytest.fixture
def signal(rng):
    return np.cumsum(rng.integers(-50, 50, 3000))


def read(tmp_path, content, **options):
    path = tmp_path / "x.gse2"
    path.write_bytes(content)
    return ps.read_waveforms(path, **options)


def checks(stream):
    return ps.reader_findings(stream).check.tolist()


def test_six_bits_worked_by_hand():
    # 5 is "0101" -> 5; -5 has bit 16: 21; 37 = 0001 00101 -> 1 + 32, 5; "+" is 0 and "-" 1
    assert encode(5) == ALPHABET[5] == "3"
    assert encode(-5) == ALPHABET[21] == "J"
    assert encode(37) == ALPHABET[33] + ALPHABET[5] == "V3"
    out = np.empty(4, np.int64)
    text = np.frombuffer(b"3JV3+", np.uint8)
    assert kernels.join_sixes(gse2._SIXES[text], out) == 4
    assert out.tolist() == [5, -5, 37, 0]


def test_encoder_and_decoder_agree_on_any_integer(rng):
    numbers = [0, 1, -1, 15, 16, -16, 511, 512, 2**31 - 1, -(2**31), 2**33]
    numbers += [
        int(v) >> int(s) for v, s in zip(rng.integers(-(2**33), 2**33, 34), range(34), strict=True)
    ]
    text = "".join(encode(n) for n in numbers).encode()
    out = np.empty(len(numbers), np.int64)
    assert kernels.join_sixes(gse2._SIXES[np.frombuffer(text, np.uint8)], out) == len(numbers)
    assert out.tolist() == numbers


@pytest.mark.parametrize("scale", [1, 10**4, 10**7, 10**8, 2**31 - 1])
def test_checksum_as_the_manual_has_it(rng, scale):
    data = rng.integers(-scale, scale + 1, 5000).astype(np.int32)
    assert kernels.checksum(data) == sum_of(data)


@pytest.mark.parametrize("kind", ["CM6", "INT"])
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_read_exactly_and_as_obspy(tmp_path, signal, kind, eol):
    content = section(signal, kind=kind, eol=eol)
    (ours,) = read(tmp_path, content)
    (theirs,) = obspy.read(tmp_path / "x.gse2", format="GSE2")
    np.testing.assert_array_equal(ours.data, signal)
    np.testing.assert_array_equal(theirs.data, signal)
    assert ours.id == theirs.id == "YA.UV05..HHZ"
    assert ours.stats.starttime == theirs.stats.starttime == START
    assert ours.stats.sampling_rate == 100
    assert dict(ours.stats.gse2) == dict(theirs.stats.gse2)
    assert ps.provenance.recall(ours, "units") == "counts"
    assert not checks(ours)
    (head,) = read(tmp_path, content, headonly=True)
    assert (head.stats.npts, len(head.data)) == (3000, 0)


def test_obspy_writes_what_is_read(tmp_path, rng):
    data = np.cumsum(rng.integers(-(2**12), 2**12, 9000)).astype(np.int32)
    trace = obspy.Trace(data, header={"station": "UV05", "channel": "HHZ"})
    trace.write(str(tmp_path / "x"), format="GSE2")
    (ours,) = ps.read_waveforms(tmp_path / "x")
    np.testing.assert_array_equal(ours.data, data)


def test_obspy_test_files():
    folder = Path(obspy.__file__).parent / "io" / "gse2" / "tests" / "data"
    files = [p for p in folder.glob("*") if p.suffix in (".z", ".gse", ".gse2")]
    files = [p for p in files if p.name != "broken_head.gse2"]
    if not files:
        pytest.skip("this obspy comes without its test files")
    for path in files:
        name = "GSE2" if b"WID2" in path.read_bytes() else "GSE1"
        (theirs,) = obspy.read(path, format=name)
        (ours,) = ps.read_waveforms(path)
        np.testing.assert_array_equal(ours.data, theirs.data)
        assert ours.stats.starttime == theirs.stats.starttime
        assert ours.stats.sampling_rate == theirs.stats.sampling_rate
        assert ours.stats.calib == theirs.stats.calib
        assert ours.stats.station == theirs.stats.station
        assert ours.stats.channel == theirs.stats.channel.strip()


def test_lines_up_to_1024_characters(tmp_path, signal):
    (trace,) = read(tmp_path, section(signal, width=1024))
    np.testing.assert_array_equal(trace.data, signal)
    with pytest.raises(ps.WaveformError, match=r"x\.gse2.*line 4 has 1025 characters"):
        read(tmp_path, section(signal, width=1025))


def test_data_that_look_like_headers(tmp_path):
    # each of these words is a legal run of six-bit characters at the start of a line
    for word in ("CHK2", "DAT2", "WID2", "STA2", "CHK1"):
        sixes = gse2._SIXES[np.frombuffer(f"{word}0+".encode(), np.uint8)]
        out = np.empty(10, np.int64)
        count = kernels.join_sixes(sixes, out)
        data = np.cumsum(np.cumsum(np.append(np.zeros(80, int), out[:count])))
        content = section(data)
        assert f"\n{word}".encode() in content
        (trace,) = read(tmp_path, content)
        np.testing.assert_array_equal(trace.data, data)


DAMAGE = {
    "checksum": ({"check": 1}, "checksum of the samples"),
    "too many claimed": ({"claim": 3001}, "3001 samples claimed, 3000 found"),
    "too few claimed": ({"claim": 2999}, "2999 samples claimed, 3000 found"),
    "absurd claim": ({"claim": 99999999}, "99999999 samples claimed by a section"),
    "no claim": ({"claim": "30x0"}, "number of samples reads '30x0'"),
    "none": ({"claim": 0}, "0 samples claimed"),
    "rate": ({"rate": "0.0"}, "sampling rate reads '0.0'"),
    "rate nan": ({"rate": "nan"}, "sampling rate reads 'nan'"),
    "rate below 0": ({"rate": "-100.0"}, "sampling rate reads"),
    "month": ({"date": "2010/13/01 00:00:10.250"}, "start time is none"),
    "date": ({"date": "2010-09-01 00:00:10.250"}, "no date and time"),
    "kind": ({"kind": "CM8"}, "data type 'CM8'"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_bad_section_costs_that_section(tmp_path, signal, case):
    change, words = DAMAGE[case]
    bad = section(signal, **change)
    with pytest.raises(ps.WaveformError) as caught:
        read(tmp_path, bad)
    assert words in str(caught.value)
    assert "x.gse2" in str(caught.value)
    stream = read(tmp_path, section(signal[:500]) + bad + section(signal[:700], station="UV06"))
    assert [t.stats.npts for t in stream] == [500, 700]
    (row,) = ps.reader_findings(stream).itertuples()
    assert words in row.message
    assert row.severity == "error"
    assert f"byte {len(section(signal[:500]))}" in row.message


def test_cut_anywhere(tmp_path, signal):
    content = section(signal)
    last = content.rindex(b"CHK2")
    for size in (*range(110, last + 5, 97), last + 4):
        with pytest.raises(ps.WaveformError, match=r"cut: |claimed|no section|DAT2|number|reads"):
            read(tmp_path, content[:size])


def test_every_flip_in_the_samples_is_seen(tmp_path, signal):
    content = section(signal[:60])
    begin = content.index(b"DAT2\n") + 5
    end = content.index(b"\nCHK2")
    for at in range(begin, end):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[at] ^= 1 << bit
            source = ps.io._sources.FileBytes(tmp_path, np.frombuffer(bytes(damaged), np.uint8))
            try:
                (trace,), _ = gse2.read_gse(source)
            except ps.WaveformError:
                continue
            np.testing.assert_array_equal(trace.data, signal[:60])  # a line break, blanks


def test_characters_that_are_no_six_bit_ones(tmp_path, signal):
    content = section(signal)
    begin = content.index(b"DAT2\n") + 5
    for bad in (b"*", b"\xff", b"\0"):
        with pytest.raises(ps.WaveformError, match="make no sense at character 8"):
            read(tmp_path, content[: begin + 7] + bad + content[begin + 8 :])
    # more groups of bits in one integer than 32 bits can fill
    with pytest.raises(ps.WaveformError, match="make no sense at character 7"):
        read(tmp_path, content[:begin] + b"zzzzzzzzzz" + content[begin + 10 :])


def test_samples_that_are_none(tmp_path, signal):
    content = section(signal[:100], kind="INT")
    words = content.split(b"DAT2\n")[1].split()[5]
    cases = {
        **dict.fromkeys((b"1.5", b"4-7", b"1_0", b"99999999999999999999"), "is no sample"),
        b"--5": "a sample is no number",
        b"9999999999": "more than 32 bits",
    }
    for bad, said in cases.items():
        with pytest.raises(ps.WaveformError, match=said):
            read(tmp_path, content.replace(b" " + words + b" ", b" " + bad + b" ", 1))


def test_doubtful_lesser_fields_are_told(tmp_path, signal):
    (trace,) = read(tmp_path, section(signal, calib="1.0e+0x"))
    np.testing.assert_array_equal(trace.data, signal)
    assert checks(trace) == ["bad_header"]
    assert trace.stats.calib == 1.0


def test_hostile_codes_are_made_harmless(tmp_path, signal):
    (trace,) = read(tmp_path, section(signal, station="../.\x1b"))
    assert trace.stats.station == "%2E%2E%2F%2E%1B"


@pytest.mark.parametrize("order", [0, 1, 2])
def test_gse1_differences(tmp_path, signal, order):
    data = signal
    words = list(data)
    for _ in range(order):
        words = [b - a for a, b in zip([0, *words[:-1]], words, strict=True)]
    wid = (
        f"WID1  2010244 00 00 10 250 {len(data):8d} UV05   {'STS2':8} HZ {100.0:11.7f} "
        f"{'NOTYPE':6} INTV {order}"
    )
    place = " 1.0000000 1.0000   41.9916  128.0772 2744.0000 -999.0000   -1.00   -1.00   -1.0"
    body = [" ".join(map(str, words[i : i + 8])) for i in range(0, len(words), 8)]
    lines = ["XW01", "", wid, place, "DAT1", *body, f"CHK1 {sum_of(data):>15}", ""]
    (trace,) = read(tmp_path, "\n".join(lines).encode())
    np.testing.assert_array_equal(trace.data, data)
    assert trace.stats.starttime == START
    assert trace.id == ".UV05..HZ"
    header = trace.stats.gse1
    # obspy 1.5.1 calls the latitude cperiod and the elevation lon
    assert (header.calper, header.lat, header.lon, header.elev) == (1, 41.9916, 128.0772, 2744)
