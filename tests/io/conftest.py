"""miniSEED bytes for the reader's tests."""

import io

import obspy
import pytest


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
