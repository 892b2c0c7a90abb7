"""miniSEED bytes for the reader's tests."""

import io

import obspy
import pytest
from hypothesis import strategies as st


def write_mseed(data, *, start="2010-09-01T00:00:00.123400", rate=100.0, code="UV05", **options):
    trace = obspy.Trace(
        data,
        header={
            "network": "YA",
            "station": code,
            "location": "00",
            "channel": "HHZ",
            "sampling_rate": rate,
            "starttime": obspy.UTCDateTime(start),
        },
    )
    buffer = io.BytesIO()
    trace.write(buffer, format="MSEED", **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def mseed():
    """Function that returns an array as the bytes of a miniSEED file."""
    return write_mseed


@st.composite
def mutants(draw, content):
    """A document with one to four places flipped, cut, doubled or overwritten."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                content[at] ^= 1 << draw(st.integers(0, 7))
            case 1:
                del content[at : at + draw(st.integers(1, 60))]
            case 2:
                other = draw(st.integers(0, len(content) - 1))
                content[at:at] = content[other : other + 80]
            case _:
                content[at : at + 3] = draw(st.sampled_from([b"nan", b"-1e", b"999", b"\xff\0<"]))
        if not content:
            break
    return bytes(content)
