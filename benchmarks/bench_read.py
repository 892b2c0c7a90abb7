"""Reading an archive: decoding, a day, a day with its neighbours' ends, a minute, beside ObsPy.

Usage: ``python benchmarks/bench_read.py [--reclen 512] [--repeat 7] [--root FOLDER]``

Three days of one channel at 100 Hz (int32, Steim-2, SDS, each record in the file of the day in
which it begins) are written to a temporary folder, or to ``--root`` if they are not there yet.
Candidates take turns; the least CPU time of the process is shown, and the ratio to ObsPy's.
That each pair yields the same samples is checked first.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obspy
from obspy.clients.filesystem.sds import Client

import paektuseis as ps

RATE = 100.0
BEGIN = obspy.UTCDateTime(2003, 1, 1)
DAY = BEGIN + 86400
CODES = ("XX", "BENCH", "", "HHZ")
ID = ".".join(CODES)
LEAD, TAIL = 77 * 60.0, 30 * 60.0


def samples(days: int) -> np.ndarray:
    """Noise whose size changes from minute to minute, and so the differences in a word."""
    rng = np.random.default_rng(1)
    count = round(days * 86400 * RATE)
    size = np.exp(rng.normal(0.0, 0.5, count // 6000 + 1)).repeat(6000)[:count]
    return np.rint(rng.normal(size=count) * size * 25).astype(np.int32)


def day_path(root: Path, day: int) -> Path:
    """Name of a day file in SDS."""
    folder = root / "2003" / CODES[0] / CODES[1] / f"{CODES[3]}.D"
    return folder / f"{ID}.D.2003.{day:03d}"


def write(root: Path, reclen: int) -> None:
    """Write three days; a record stands in the file of the day in which it begins."""
    if day_path(root, 3).exists():
        return
    names = dict(zip(("network", "station", "location", "channel"), CODES, strict=True))
    trace = obspy.Trace(samples(3), {**names, "sampling_rate": RATE, "starttime": BEGIN})
    buffer = io.BytesIO()
    trace.write(buffer, format="MSEED", encoding="STEIM2", reclen=reclen, byteorder=">")
    raw = np.frombuffer(buffer.getvalue(), np.uint8).reshape(-1, reclen)
    julday = raw[:, 22].astype(int) * 256 + raw[:, 23]
    for day in (1, 2, 3):
        day_path(root, day).parent.mkdir(parents=True, exist_ok=True)
        day_path(root, day).write_bytes(raw[julday == day].tobytes())


def pairs(root: Path) -> dict[str, tuple[Callable[[], Any], Callable[[], Any], int]]:
    """Return for each task our way, ObsPy's way, and how often a timing calls them."""
    client = Client(str(root))
    archive = ps.Archive(root)
    path = str(day_path(root, 2))
    step = 1 / RATE

    def task(start: obspy.UTCDateTime, end: obspy.UTCDateTime, calls: int = 1) -> Any:
        return (
            lambda: archive.read(ID, start, end),
            lambda: client.get_waveforms(*CODES, start, end),
            calls,
        )

    return {
        "one file": (
            lambda: ps.read_waveforms(path),
            lambda: obspy.read(path, format="MSEED"),
            1,
        ),
        "day": task(DAY, DAY + 86400 - step),
        "day, 77 min before, 30 min after": task(DAY - LEAD, DAY + 86400 + TAIL),
        "hour": task(DAY + 7200, DAY + 10800, 5),
        "minute": task(DAY + 40000, DAY + 40060, 20),
    }


def main() -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reclen", type=int, default=512)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--root", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.root or Path(scratch)
        write(root, options.reclen)
        megabytes = day_path(root, 2).stat().st_size / 1e6
        print(f"{options.reclen}-byte records, {megabytes:.1f} MB a day; CPU ms, least of turns")
        print(f"{'':34s}{'ObsPy':>10s}{'paektuseis':>12s}{'ratio':>8s}")
        for name, (ours, theirs, calls) in pairs(root).items():
            (mine,), (other,) = ours(), theirs()
            assert mine.stats.starttime == other.stats.starttime, name
            np.testing.assert_array_equal(mine.data, other.data)
            del mine, other
            best = [np.inf, np.inf]
            for _ in range(options.repeat):
                for i, action in enumerate((ours, theirs)):
                    begin = time.process_time()
                    for _ in range(calls):
                        action()
                    best[i] = min(best[i], (time.process_time() - begin) / calls * 1e3)
            print(f"{name:34s}{best[1]:10.2f}{best[0]:12.2f}{best[1] / best[0]:8.1f}")


if __name__ == "__main__":
    main()
