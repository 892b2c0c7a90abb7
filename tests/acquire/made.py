"""Files of many formats with samples that are known."""

import calendar
import hashlib
import io
import struct
import tempfile

import numpy as np
import obspy

DAY_ZERO = calendar.timegm((1989, 11, 17, 0, 0, 0))
START = "2010-09-01T00:00:00"


def trace(data, start=START, *, id="1U.JGPD..HHZ", rate=100.0):
    network, station, location, channel = id.split(".")
    return obspy.Trace(
        np.asarray(data),
        header={
            "network": network,
            "station": station,
            "location": location,
            "channel": channel,
            "sampling_rate": rate,
            "starttime": obspy.UTCDateTime(start),
        },
    )


def content(tr, format="MSEED", **options):
    if format == "GSE2":  # obspy writes this one to a name alone
        with tempfile.NamedTemporaryFile() as file:
            tr.write(file.name, format=format, **options)
            return file.read()
    buffer = io.BytesIO()
    tr.write(buffer, format=format, **options)
    return buffer.getvalue()


def gcf(data, start=START, *, stream="JGPDZ2"):
    """GCF blocks of 200 samples at 100 Hz, 32-bit differences, written by hand."""
    out = b""
    t0 = int(obspy.UTCDateTime(start).timestamp)
    for i in range(0, len(data), 200):
        part = np.asarray(data[i : i + 200], np.int64)
        day, second = divmod(t0 + i // 100 - DAY_ZERO, 86400)
        head = struct.pack(
            ">IIIBBBB",
            int("PAEK", 36),
            int(stream, 36),
            (day << 17) | second,
            3,
            100,
            1,
            len(part),
        )
        body = np.diff(part, prepend=part[0]).astype(">i4").tobytes()
        block = head + struct.pack(">i", int(part[0])) + body + struct.pack(">i", int(part[-1]))
        out += block.ljust(1024, b"\0")
    return out


def tree(folder):
    """Digest of every file below a folder, the lock excepted."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith(".paektuseis")
    }


def samples_of(folder, id, start, count, rate=100.0):
    """Samples of an archive by time, as obspy alone reads them; NaN where there are none.

    Fails where a time is held twice.
    """
    out = np.full(count, np.nan)
    for path in sorted(folder.rglob("*.D.*")):
        for tr in obspy.read(path, format="MSEED"):
            if tr.id == id:
                first = round((tr.stats.starttime - obspy.UTCDateTime(start)) * rate)
                if first + tr.stats.npts <= 0 or first >= count:
                    continue
                assert np.isnan(out[first : first + tr.stats.npts]).all(), f"{path}: held twice"
                out[first : first + tr.stats.npts] = tr.data
    return out
