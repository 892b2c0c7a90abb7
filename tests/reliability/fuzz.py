"""Seeded mutations of small files of each format, each through the public reader.

``python tests/reliability/fuzz.py --format mseed-steim2 --n 100000 --seed 1``

Mutation number ``i`` of a seed is the same in every run (``--only i`` repeats one). Kinds:
flipped bits, bytes set, cut, bytes put in, taken out or repeated, blocks exchanged, stretches
zeroed, header fields forged. The mutants are read in a child process with a limit on memory
and CPU time, which handles many and is started anew after it died. Verdicts:

``refused``   an error of the library (PaektuseisError)
``sound``     samples came back and each is as the format's own checks say
``crash``     the child died by a signal, or its interpreter ended
``hang``      more than 10 s of CPU time, or 60 s by the clock
``memory``    more than 1 GiB beyond what the process had before, or a MemoryError
``foreign``   any other exception, or a Python warning
``silent``    a sample came back that the format has the means to know is wrong

What counts as *silent*: each trace must be made of whole units (records, blocks, sections), each
with exactly the samples that a second, plain decoder finds in the undamaged file or in the
damaged one where the unit's own check holds there (Steim's last sample, GCF's last sample, the
checksum of GSE2; for SAC and miniSEED records that call themselves INT16, INT32, FLOAT32, FLOAT64
or DWWSSN: the bytes that are there, none beyond; no other encoding explains a sample), and
each at the time its own header states, to within half a sample. So damage that no check of the
format covers does not count (a flipped bit in a float, another station code, another hour), but
samples invented, shifted within a record, joined at the wrong place or read past an end do.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import obspy

sys.path.insert(0, str(Path(__file__).parent))
from _fuzz_oracles import ORACLES, Unit, explained

import paektuseis as ps

CPU_SECONDS, WALL_SECONDS, MEMORY = 10, 60.0, 1 << 30
START = obspy.UTCDateTime("2010-09-01T00:00:10.25")
WRONG = ("crash", "hang", "memory", "foreign", "silent")


@dataclass(frozen=True)
class Target:
    """A file to damage: its bytes, the size of its units, its header fields (offset, size)."""

    content: bytes
    unit: int
    fields: tuple[tuple[int, int], ...]
    oracle: str = ""
    words: tuple[bytes, ...] = ()


def _trace(kind: str, rng: np.random.Generator, size: int = 900) -> obspy.Trace:
    data = np.cumsum(rng.integers(-300, 300, size))
    data[400:420] *= 1000  # wide differences too
    header = {"network": "YA", "station": "UV05", "location": "00", "channel": "HHZ"}
    header |= {"sampling_rate": 100, "starttime": START}
    return obspy.Trace(data.astype(kind), header=header)


_MSEED_FIELDS = (
    (0, 6), (6, 1), (7, 1), (8, 5), (18, 2), (20, 2), (22, 2), (24, 1), (25, 1), (26, 1),
    (28, 2), (30, 2), (32, 2), (34, 2), (36, 1), (37, 1), (38, 1), (39, 1), (40, 4), (44, 2),
    (46, 2), (48, 2), (50, 2), (52, 1), (53, 1), (54, 1), (64, 4), (68, 4), (72, 4),
)  # fmt: skip


def _mseed(encoding: str, kind: str) -> Callable[[np.random.Generator], Target]:
    def make(rng: np.random.Generator) -> Target:
        buffer = io.BytesIO()
        _trace(kind, rng).write(buffer, format="MSEED", encoding=encoding, reclen=512)
        return Target(buffer.getvalue(), 512, _MSEED_FIELDS, "mseed")

    return make


def _sac(rng: np.random.Generator) -> Target:
    buffer = io.BytesIO()
    _trace("float32", rng).write(buffer, format="SAC")
    fields = tuple((4 * i, 4) for i in (*range(8), 31, *range(70, 80), 85, 105))
    return Target(buffer.getvalue(), 1 << 20, (*fields, (440, 8), (600, 8)), "sac")


def _gcf(rng: np.random.Generator) -> Target:
    trace = _trace("int32", rng, 2300)
    trace.stats.starttime = obspy.UTCDateTime(2010, 9, 1)
    with tempfile.TemporaryDirectory() as folder:
        trace.write(folder + "/x", format="GCF")
        content = Path(folder, "x").read_bytes()
    fields = ((0, 4), (4, 4), (8, 4), (12, 1), (13, 1), (14, 1), (15, 1), (16, 4), (20, 4))
    return Target(content, 1024, fields, "gcf")


def _gse2(rng: np.random.Generator) -> Target:
    traces = [_trace("int32", rng).slice(START, START + s) for s in (1.0, 3.0)]
    traces[1].stats.channel = "HHN"
    with tempfile.TemporaryDirectory() as folder:
        obspy.Stream(traces).write(folder + "/x", format="GSE2")
        content = Path(folder, "x").read_bytes()
    fields = (
        (0, 5),
        (5, 4),
        (10, 2),
        (13, 2),
        (16, 2),
        (25, 3),
        (29, 5),
        (44, 3),
        (48, 8),
        (57, 11),
    )
    words = (
        b"WID2 ",
        b"DAT2\n",
        b"CHK2 ",
        b"STA2 ",
        b"\n",
        b"-1",
        b"99999999",
        b"1e9",
        b"nan",
        b" ",
    )
    return Target(content, 1 << 20, fields, "gse2", words)


_XML_WORDS = (
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"NaN", b"-1e308", b"1e999", b"<", b">", b"/>", b'"',
    b"\xff", b"\0", b"</Channel>", b"<Pole>", b"</event>", b"<![CDATA[", b"<!--", b"inf", b"0", b"",
    b"2010-13-45", b"9" * 400, b"<?xml?>", b"xmlns='x'",
)  # fmt: skip


def _stationxml(_: np.random.Generator) -> Target:
    from obspy.core.inventory import Channel, Inventory, Network, Response, Site, Station

    response = Response.from_paz(
        zeros=[0j, 0j], poles=[-0.037 + 0.037j, -0.037 - 0.037j], stage_gain=1500.0
    )
    place = {"latitude": 42.0, "longitude": 128.0, "elevation": 2000.0}
    channels = [
        Channel(c, "00", depth=0.0, sample_rate=100, response=response, dip=-90, azimuth=0, **place)
        for c in ("HHZ", "HHN")
    ]
    station = Station("UV05", channels=channels, site=Site("x"), **place)
    buffer = io.BytesIO()
    Inventory([Network("YA", [station])]).write(buffer, format="STATIONXML")
    return Target(buffer.getvalue(), 1 << 20, (), "", _XML_WORDS)


def _quakeml(_: np.random.Generator) -> Target:
    from obspy.core.event import Catalog, Event, Magnitude, Origin

    events = []
    for k in range(2):
        origin = Origin(time=START + k, latitude=42.0, longitude=128.0, depth=5000.0)
        events.append(Event(origins=[origin], magnitudes=[Magnitude(mag=1.5)]))
    for k, event in enumerate(events):
        event.resource_id = f"smi:local/{k}"
        event.origins[0].resource_id = f"smi:local/{k}/o"
        event.magnitudes[0].resource_id = f"smi:local/{k}/m"
    buffer = io.BytesIO()
    catalog = Catalog(events, resource_id="smi:local/c")
    catalog.write(buffer, format="QUAKEML")
    return Target(buffer.getvalue(), 1 << 20, (), "", _XML_WORDS)


TARGETS: dict[str, Callable[[np.random.Generator], Target]] = {
    "mseed-steim1": _mseed("STEIM1", "int32"),
    "mseed-steim2": _mseed("STEIM2", "int32"),
    "mseed-int32": _mseed("INT32", "int32"),
    "mseed-float32": _mseed("FLOAT32", "float32"),
    "sac": _sac,
    "gcf": _gcf,
    "gse2": _gse2,
    "stationxml": _stationxml,
    "quakeml": _quakeml,
}


SELF_TEST = "self-test"
"""A format whose reader misbehaves at known mutations, to see that it is noticed."""
TARGETS[SELF_TEST] = lambda _: Target(b"x", 1, ())


def _misbehave(number: int) -> tuple[str, str]:
    if number == 3:
        os.kill(os.getpid(), signal.SIGSEGV)
    while number == 5:
        pass
    if number == 7:
        try:
            return "sound", str(len(bytearray(MEMORY + (64 << 20))))
        except MemoryError:
            return "memory", ""
    return "sound", ""


def make_target(name: str) -> Target:
    """The file of a format; the same at every call."""
    return TARGETS[name](np.random.default_rng(20100901))


def mutate(target: Target, seed: int, number: int) -> bytes:
    """Return mutation ``number`` of a seed."""
    rng = np.random.default_rng((seed, number + 1))
    content = bytearray(target.content)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        if not content:
            break
        _MUTATIONS[int(rng.integers(len(_MUTATIONS)))](content, target, rng)
    return bytes(content)


def _flip(content: bytearray, _: Target, rng: np.random.Generator) -> None:
    for at in rng.integers(0, len(content) * 8, int(rng.choice([1, 1, 1, 2, 4, 16]))):
        content[at // 8] ^= 1 << (at % 8)


def _set(content: bytearray, _: Target, rng: np.random.Generator) -> None:
    for at in rng.integers(0, len(content), int(rng.integers(1, 9))):
        content[at] = int(rng.choice([0, 1, 127, 128, 255, 32, 10, int(rng.integers(256))]))


def _cut(content: bytearray, _: Target, rng: np.random.Generator) -> None:
    del content[int(rng.integers(0, len(content))) :]


def _span(content: bytearray, rng: np.random.Generator) -> tuple[int, int]:
    size = int(min(len(content), rng.choice([1, 2, 4, 7, 64, 512, 600, 1024])))
    at = int(rng.integers(0, len(content) - size + 1))
    return at, at + size


def _take_out(content: bytearray, _: Target, rng: np.random.Generator) -> None:
    begin, end = _span(content, rng)
    del content[begin:end]


def _put_in(content: bytearray, _: Target, rng: np.random.Generator) -> None:
    at = int(rng.integers(0, len(content) + 1))
    size = int(rng.choice([1, 1, 2, 4, 63, 512, 1024]))
    content[at:at] = bytes(size) if rng.random() < 0.5 else rng.bytes(size)


def _repeat(content: bytearray, _: Target, rng: np.random.Generator) -> None:
    begin, end = _span(content, rng)
    at = int(rng.integers(0, len(content) + 1))
    content[at:at] = content[begin:end]


def _exchange(content: bytearray, target: Target, rng: np.random.Generator) -> None:
    unit = target.unit if target.unit < len(content) else int(rng.choice([4, 16, 64]))
    if len(content) >= 2 * unit:
        a, b = (int(x) * unit for x in rng.integers(0, len(content) // unit, 2))
        content[a : a + unit], content[b : b + unit] = content[b : b + unit], content[a : a + unit]


def _blank(content: bytearray, _: Target, rng: np.random.Generator) -> None:
    begin, end = _span(content, rng)
    content[begin:end] = bytes([int(rng.choice([0, 0, 255, 32]))]) * (end - begin)


def _forge(content: bytearray, target: Target, rng: np.random.Generator) -> None:
    if target.words and (not target.fields or rng.random() < 0.5):
        begin, end = _span(content, rng)
        word = target.words[int(rng.integers(len(target.words)))]
        content[begin : min(end, begin + 8)] = word
        return
    if not target.fields:
        return
    offset, size = target.fields[int(rng.integers(len(target.fields)))]
    at = int(rng.integers(0, max(1, len(content) // target.unit))) * target.unit + offset
    values = [b"\0" * size, b"\xff" * size, b"\x7f" + b"\xff" * (size - 1), rng.bytes(size)]
    values += [b"\x80" + b"\0" * (size - 1), int(rng.integers(1, 70)).to_bytes(size, "big")]
    values += [b"9" * size, b" " * size]
    if at + size <= len(content):
        content[at : at + size] = values[int(rng.integers(len(values)))]


_MUTATIONS = (_flip, _flip, _flip, _set, _cut, _take_out, _put_in, _repeat, _exchange, _blank)
_MUTATIONS += (_forge, _forge, _forge)


@dataclass
class Tally:
    """Counts of verdicts, and what was wrong: (number, verdict, words)."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, number: int, verdict: str, words: str = "") -> None:
        self.counts[verdict] += 1
        if verdict in WRONG:
            self.wrong.append((number, verdict, words))


class Judge:
    """Reads mutants of one format and gives each a verdict."""

    def __init__(self, name: str, folder: Path) -> None:
        self.target = make_target(name)
        self.name = name
        self.path = folder / f"x.{name}"
        oracle = self.target.oracle
        self.units: list[Unit] = list(ORACLES[oracle](self.target.content)) if oracle else []
        if name != SELF_TEST:
            assert self._read(self.target.content) == ("sound", "")

    def verdict(self, seed: int, number: int) -> tuple[str, str]:
        """Verdict on a mutation, and words about it."""
        if self.name == SELF_TEST:
            return _misbehave(number)
        return self._read(mutate(self.target, seed, number))

    def _read(self, content: bytes) -> tuple[str, str]:
        self.path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                if self.name == "stationxml":
                    ps.read_stations(self.path)
                    return "sound", ""
                if self.name == "quakeml":
                    ps.read_events(self.path)
                    return "sound", ""
                stream = ps.read_waveforms(self.path)
                str([t.stats.endtime for t in stream])
                if zlib.crc32(content) % 8 == 0:  # slow, so not each time
                    ps.reader_findings(stream)
        except ps.PaektuseisError:
            return "refused", ""
        except MemoryError as error:
            return "memory", str(error)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return "foreign", f"{type(error).__name__}: {error}"
        traces = [(t.data, int(t.stats.starttime.ns), float(t.stats.sampling_rate)) for t in stream]
        if not explained(traces, self.units):
            return "sound", ""
        there = list(ORACLES[self.target.oracle](content))
        why = explained(traces, self.units + there)
        return ("silent", why) if why else ("sound", "")


def fuzz_here(name: str, n: int, seed: int, *, start: int = 0) -> Tally:
    """Fuzz a format in this process, without limits."""
    tally = Tally()
    with _quiet(), tempfile.TemporaryDirectory() as folder:
        judge = Judge(name, Path(folder))
        for number in range(start, start + n):
            tally.add(number, *judge.verdict(seed, number))
    return tally


@contextlib.contextmanager
def _quiet() -> Iterable[None]:
    import logging

    logger = logging.getLogger("paektuseis")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _child(name: str, seed: int, start: int, stop: int, seconds: int) -> None:
    """Judge mutants one after another, a line before and after each."""
    import resource

    def limit() -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = int(used.ru_utime + used.ru_stime) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, resource.getrlimit(resource.RLIMIT_CPU)[1]))

    with _quiet(), tempfile.TemporaryDirectory() as folder:
        judge = Judge(name, Path(folder))
        for number in range(64):  # all that is imported or compiled late
            judge.verdict(seed + 1_000_003, -1 if name == SELF_TEST else number)
        with contextlib.suppress(OSError):
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in range(start, stop):
            limit()
            os.write(1, b"%d\n" % number)
            verdict, words = judge.verdict(seed, number)
            os.write(1, json.dumps([number, verdict, words]).encode() + b"\n")


def fuzz(
    name: str,
    n: int,
    seed: int,
    *,
    start: int = 0,
    seconds: int = CPU_SECONDS,
    say: Callable[[str], Any] = str,
) -> Tally:
    """Fuzz a format in child processes that are limited, and started anew when they die."""
    import select

    tally = Tally()
    at, stop = start, start + n
    while at < stop:
        command = [sys.executable, __file__, "--format", name, "--seed", str(seed)]
        command += ["--child", "--start", str(at), "--n", str(stop - at)]
        command += ["--seconds", str(seconds)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        assert child.stdout is not None
        rest, begun, hung = b"", at - 1, False
        while True:
            ready, _, _ = select.select([child.stdout], [], [], WALL_SECONDS)
            if not ready:
                hung = True
                child.kill()
                break
            data = os.read(child.stdout.fileno(), 1 << 16)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.startswith(b"["):
                    number, verdict, words = json.loads(line)
                    tally.add(number, verdict, words)
                    at = number + 1
                    if verdict in WRONG:
                        say(f"{name} {number}: {verdict} {words}")
                    elif at % 10000 == 0:
                        say(f"{name} {at}: {dict(tally.counts)}")
                else:
                    begun = int(line)
        code = child.wait()
        child.stdout.close()
        if at >= stop:
            break
        if begun < at:
            raise SystemExit(f"the child does not start (status {code})")
        slow = hung or code == -getattr(signal, "SIGXCPU", 0)
        tally.add(begun, "hang" if slow else "crash", f"status {code}")
        say(f"{name} {begun}: {tally.wrong[-1][1]} status {code}")
        at = begun + 1
    return tally


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--format", required=True, choices=[*TARGETS, "all"])
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--only", type=int, help="number of one mutation, whose bytes are written")
    parser.add_argument("--out", type=Path, help="where --only writes the bytes")
    parser.add_argument("--seconds", type=int, default=CPU_SECONDS, help="CPU time of a mutant")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        stop = options.start + options.n
        _child(options.format, options.seed, options.start, stop, options.seconds)
        return 0
    if options.only is not None:
        content = mutate(make_target(options.format), options.seed, options.only)
        if options.out:
            options.out.write_bytes(content)
        print(fuzz_here(options.format, 1, options.seed, start=options.only))
        return 0
    bad = 0
    everything = [t for t in TARGETS if t != SELF_TEST]
    for name in everything if options.format == "all" else [options.format]:
        found = fuzz(name, options.n, options.seed, start=options.start, say=_say)
        print(f"{name}: {options.n} mutations, {dict(found.counts)}", flush=True)
        bad += len(found.wrong)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
