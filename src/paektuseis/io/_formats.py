"""Naming the format of a file by its content, never by its name.

Formats that run code, point to other files or hold other files are refused
by their kind before any parser sees them.
"""

from __future__ import annotations

import struct

from ..errors import WaveformError
from . import _kernels as k
from ._findings import ForeignFormatError
from ._gcf import is_gcf
from ._sources import ByteArray, FileBytes

_REFUSED = (
    (b"PK\x03\x04", "a zip archive (or npz)"),
    (b"PK\x05\x06", "a zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x89HDF", "an HDF5 file"),
    (b"Rar!", "a rar archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
)
_NO_RECORDS = (b"SQLite format 3", b"%PDF", b"\x89PNG")
"""Beginnings of refused files that hold no waveforms even inside."""
_SEARCH = 1 << 20


def _refused(head: bytes) -> str:
    for magic, kind in _REFUSED:
        if head.startswith(magic):
            return kind
    if head.startswith(b"\x1f\x8b"):
        return "gzip data in a file whose name does not end in .gz"
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a Python pickle"
    if b"obspy.core.stream" in head[:400]:
        return "a Python pickle"
    return ""


def is_sac(data: bytes) -> str:
    """Byte order (``<`` or ``>``) of a binary SAC header, ``""`` if it is none."""
    if len(data) < 632:
        return ""
    for order in "<>":
        (version,) = struct.unpack(order + "i", data[304:308])
        if version in (6, 7):
            (leven,) = struct.unpack(order + "i", data[420:424])
            if leven in (0, 1, -12345):
                return order
    return ""


def is_sac_text(head: bytes) -> bool:
    """Whether the first lines are the number block of an alphanumeric SAC file."""
    lines = head[:700].split(b"\n")
    if len(lines) < 4:
        return False
    for line in lines[:3]:
        fields = line.split()
        if len(fields) != 5:
            return False
        try:
            [float(x) for x in fields]
        except ValueError:
            return False
    return True


def name_format(source: FileBytes) -> str:
    """Return MSEED, MSEED3, SAC, SACXY, GSE2, GSE1, GCF or ``""`` (ask the other readers).

    Raises
    ------
    WaveformError
        If the file is of a kind that is never opened.
    """
    data = source.data
    head = data[:1024].tobytes()
    if head[:3] == b"MS\x03":
        return "MSEED3"
    if k.header_at(data, 0, True) or (k.control_at(data, 0) and len(head) >= 48):
        return "MSEED"
    if kind := _refused(head):
        error = ForeignFormatError if head.startswith(_NO_RECORDS) else WaveformError
        raise error(
            f"{source.path}: this is {kind}, which is never opened as waveforms; "
            "give the waveform file itself"
        )
    for magic, name in ((b"WID2", "GSE2"), (b"WID1", "GSE1")):
        if head.startswith(magic) or b"\n" + magic in head:
            return name
    if is_sac(head):
        return "SAC"
    if is_sac_text(head):
        return "SACXY"
    if not head.strip(b"\0"):
        if not data.any():
            raise WaveformError(
                f"{source.path}: holds {data.size} bytes, all zero: no records in it"
            )
        return "MSEED" if k.find_header(data, 0, data.size) < data.size else ""
    if is_gcf(data):
        return "GCF"
    if k.find_header(data, 0, min(data.size, _SEARCH)) < min(data.size, _SEARCH):
        return "MSEED"
    return ""


_TEXT_BEGINNINGS: dict[bytes, tuple[str, ...]] = {
    b"Origin Time": ("KNET",),
    b"DATASET": ("PDAS",),
    b"TIMESERIES": ("SLIST", "TSPAIR"),
    b"DELTA:": ("SH_ASC",),
}
_REFTEK = (b"AD", b"CD", b"DS", b"DT", b"EH", b"ET", b"OM", b"SH", b"SC", b"FD")


def possible_formats(data: ByteArray) -> tuple[str, ...]:
    """Formats of other programs the first bytes of a file may be of, likeliest first.

    Cheap tests of what each of these formats must begin with; a parser is asked only about
    files that pass.
    """
    head = data[:1024].tobytes()
    for beginning, names in _TEXT_BEGINNINGS.items():
        if head.startswith(beginning):
            return names
    out = []
    if len(head) >= 92 and (
        head[:2] == b"KP" or b"P" in (head[:4].strip(b"\0"), head[:8].strip(b"\0"))
    ):
        out.append("SEISAN")
    if head[:2] in (b"\x55\x3a", b"\x3a\x55"):
        out.append("SEG2")
    if head[:1] == b"K" and head[1:2] in (b"\0", b"\1"):
        out.append("KINEMETRICS_EVT")
    if data.size % 1024 == 0 and head[:2] in _REFTEK:
        out.append("REFTEK130")
    if head[:4] in ((6).to_bytes(4, "big"), (1100).to_bytes(4, "big")):
        out.append("AH")
    if data.size >= 3600:
        code = data[3224:3226].tobytes()
        if int.from_bytes(code, "big") in range(1, 9) or int.from_bytes(code, "little") in range(
            1, 9
        ):
            out.append("SEGY")
    if head[:2] in (b"I\x1f", b"M\x1f"):
        out.append("Y")
    if b"\0" in head or sum(c > 126 for c in head) > len(head) // 20:  # no text
        out += ["WIN", "DMX"]
        if data.size >= 244 and data.size % 4 == 0:
            out.append("SU")
    return tuple(out)


def describe_head(source: FileBytes) -> str:
    """First bytes of a file, for an error message."""
    return repr(source.data[:16].tobytes())[1:]
