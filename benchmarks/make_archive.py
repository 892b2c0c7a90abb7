"""Write a realistic archive of any size: SDS, int32, Steim-2, 512-byte records, StationXML.

Usage: ``python benchmarks/make_archive.py OUT --days 2 --stations 6``

OUT receives ``sds/``, ``stations.xml`` and ``events.csv`` (what was planted, in the columns of
``paektuseis.tables.TRUTH``). A record lies in the file of the day in which it starts, so files
reach over midnight as those of real recorders do. The same seed gives the same bytes, and a
longer archive begins with the bytes of a shorter one.
"""

from __future__ import annotations

import argparse
import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _model import COMPONENTS, DAY, LATITUDE, LONGITUDE, Model
from numpy.typing import NDArray
from obspy import Trace, UTCDateTime
from obspy.core.inventory import (
    Channel,
    CoefficientsTypeResponseStage,
    InstrumentSensitivity,
    Inventory,
    Network,
    PolesZerosResponseStage,
    Response,
    Station,
)
from scipy.signal import firwin

NETWORK = "XX"
RECORD = 512
BEYOND = 1024  # samples made past the end, so that the last records kept are whole
SENSOR, DIGITISER = 1500.0, 419430.0  # V/(m/s), counts/V


def make_archive(out: Path, *, days: float, start: UTCDateTime, model: Model) -> dict[str, float]:
    """Write the archive and return its figures."""
    begin = time.process_time()
    (out / "sds").mkdir(parents=True)
    size = 0
    total = round(days * DAY * model.rate)
    for station in range(model.stations):
        for component in range(model.components):
            size += _write_channel(out / "sds", start, model, station, component, total)
    inventory(model, start).write(str(out / "stations.xml"), format="STATIONXML")
    planted = _write_truth(out / "events.csv", start, model, days)
    channels = model.stations * model.components
    return {
        "channels": channels,
        "days": days,
        "bytes": size,
        "bytes_per_sample": size / max(1, total * channels),
        "events": planted,
        "cpu_seconds": time.process_time() - begin,
    }


def _write_channel(
    root: Path, start: UTCDateTime, model: Model, station: int, component: int, total: int
) -> int:
    files = _DayFiles(root, model.code(station), f"HH{COMPONENTS[component]}", start, model.rate)
    outages = [
        (round(a * model.rate), round(b * model.rate))
        for day in range(-1, int(total / model.rate // DAY) + 1)
        for a, b in (model.outages(station, day) if day >= 0 else ())
    ]
    for first, data in model.pieces(station, component, total + BEYOND):
        for low, high in sound_spans(first, first + len(data), outages):
            files.add(low, data[low - first : high - first], total)
    files.close(total)
    return files.written


def sound_spans(first: int, stop: int, outages: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the spans of samples between outages."""
    at = first
    for low, high in sorted(outages):
        if low > at and at < stop:
            yield at, min(low, stop)
        at = max(at, high)
    if at < stop:
        yield at, stop


class _DayFiles:
    """One channel's records, each appended to the file of the day in which it starts."""

    def __init__(
        self, root: Path, station: str, channel: str, start: UTCDateTime, rate: float
    ) -> None:
        self.root, self.station, self.channel = root, station, channel
        self.start, self.rate = start, rate
        self.at = 0
        self.rest = np.empty(0, dtype=np.int32)
        self.sequence = 0
        self.written = 0

    def add(self, first: int, data: NDArray[np.int32], total: int) -> None:
        """Add samples; what does not fill a record waits for those that follow."""
        if len(self.rest) and first != self.at + len(self.rest):
            self.close(total)
        if not len(self.rest):
            self.at = first
        self.rest = np.concatenate([self.rest, data])
        self._write(total, whole=True)

    def close(self, total: int) -> None:
        """Write what waits."""
        if len(self.rest):
            self._write(total, whole=False)

    def _write(self, total: int, *, whole: bool) -> None:
        header = {
            "network": NETWORK,
            "station": self.station,
            "channel": self.channel,
            "sampling_rate": self.rate,
            "starttime": self.start + self.at / self.rate,
        }
        buffer = io.BytesIO()
        Trace(self.rest, header).write(
            buffer,
            format="MSEED",
            encoding="STEIM2",
            reclen=RECORD,
            byteorder=">",
            sequence_number=self.sequence % 999999 + 1,
        )
        records = np.frombuffer(buffer.getvalue(), dtype=np.uint8).reshape(-1, RECORD)
        counts = records[:, 30:32].copy().view(">u2")[:, 0].astype(np.int64)
        if whole:
            records, counts = records[:-1], counts[:-1]
        starts = self.at + np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
        keep = starts[: len(records)] < total
        # ns from the first day, so that no rounding moves a record over midnight
        days = (
            np.rint(starts[: len(records)] * (1e9 / self.rate)).astype(np.int64)
            + int(self.start.ns)
        ) // (DAY * 10**9)
        for day in np.unique(days[keep]):
            chosen = records[keep & (days == day)]
            with self._path(int(day)).open("ab") as file:
                file.write(chosen.tobytes())
            self.written += chosen.nbytes
        used = int(counts.sum())
        self.sequence += len(records)
        self.at += used
        self.rest = self.rest[used:].copy()

    def _path(self, day: int) -> Path:
        date = UTCDateTime(ns=day * DAY * 10**9)
        folder = self.root / str(date.year) / NETWORK / self.station / f"{self.channel}.D"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{NETWORK}.{self.station}..{self.channel}.D.{date.year}.{date.julday:03d}"
        return folder / name


def inventory(model: Model, start: UTCDateTime) -> Inventory:
    """Return the stations with their full response: sensor, digitiser, three FIR filters."""
    response = _response(model.rate)
    stations = []
    for number, (east, north, depth) in enumerate(model.places):
        latitude = LATITUDE + north / 111.2
        longitude = LONGITUDE + east / (111.2 * np.cos(np.radians(LATITUDE)))
        channels = [
            Channel(
                f"HH{name}",
                "",
                latitude,
                longitude,
                -1000 * depth,
                0.0,
                azimuth={"Z": 0.0, "N": 0.0, "E": 90.0}[name],
                dip={"Z": -90.0}.get(name, 0.0),
                sample_rate=model.rate,
                response=response,
                start_date=start - 30 * DAY,
            )
            for name in COMPONENTS[: model.components]
        ]
        stations.append(
            Station(
                model.code(number),
                latitude,
                longitude,
                -1000 * depth,
                channels=channels,
                start_date=start - 30 * DAY,
            )
        )
    return Inventory([Network(NETWORK, stations=stations)], source="paektuseis benchmark")


def _response(rate: float) -> Response:
    w = 2 * np.pi / 120
    poles = [complex(-0.707, 0.707) * w, complex(-0.707, -0.707) * w, -980 + 1100j, -980 - 1100j]
    at_1_hz = 2j * np.pi
    norm = float(abs(np.prod(at_1_hz - np.array(poles)) / at_1_hz**2))
    sensor = PolesZerosResponseStage(
        1, SENSOR, 1.0, "M/S", "V", "LAPLACE (RADIANS/SECOND)", 1.0, [0j, 0j], poles,
        normalization_factor=norm,
    )  # fmt: skip
    at = 16 * rate
    stages = [sensor, _fir(2, [1.0], at, 1, DIGITISER, "V")]
    for number, (factor, taps) in enumerate(((4, 60), (2, 80), (2, 120)), start=3):
        h = firwin(taps, 0.93 / factor)
        stages.append(_fir(number, list(h / h.sum()), at, factor, 1.0, "COUNTS"))
        at /= factor
    return Response(
        instrument_sensitivity=InstrumentSensitivity(SENSOR * DIGITISER, 1.0, "M/S", "COUNTS"),
        response_stages=stages,
    )


def _fir(
    number: int, taps: list[float], rate: float, factor: int, gain: float, units: str
) -> CoefficientsTypeResponseStage:
    delay = (len(taps) - 1) / 2 / rate
    return CoefficientsTypeResponseStage(
        number,
        gain,
        1.0,
        units,
        "COUNTS",
        "DIGITAL",
        numerator=taps,
        denominator=[],
        decimation_input_sample_rate=rate,
        decimation_factor=factor,
        decimation_offset=0,
        decimation_delay=delay,
        decimation_correction=delay,
    )


def _write_truth(path: Path, start: UTCDateTime, model: Model, days: float) -> int:
    names = [
        *("event_id", "time", "origin_time", "label", "latitude", "longitude", "depth_km"),
        *("magnitude", "duration", "freqmin", "freqmax", "snr"),
    ]
    n = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for day in range(int(np.ceil(days))):
            for event in model.events(day):
                if event.time >= days * DAY:
                    continue
                travel, _ = model.arrivals(event)
                writer.writerow(
                    [
                        f"{event.kind.label.lower()}-{day:04d}-{event.number:04d}",
                        start + event.time + float(travel.min()),
                        start + event.time,
                        event.kind.label,
                        f"{LATITUDE + event.y / 111.2:.5f}",
                        f"{LONGITUDE + event.x / (111.2 * np.cos(np.radians(LATITUDE))):.5f}",
                        f"{event.depth:.3f}",
                        f"{event.magnitude:.3f}",
                        f"{event.length:.2f}",
                        event.kind.freqmin,
                        event.kind.freqmax,
                        "",
                    ]
                )
                n += 1
    return n


def parser() -> argparse.ArgumentParser:
    """Return the options of the command line."""
    it = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    it.add_argument("out", type=Path, help="folder to make (must not hold an archive)")
    it.add_argument("--days", type=float, default=1.0)
    it.add_argument("--stations", type=int, default=6)
    it.add_argument("--components", type=int, default=3, choices=(1, 2, 3))
    it.add_argument("--rate", type=float, default=100.0, help="Hz")
    it.add_argument("--start", default="2014-03-01", help="first day")
    it.add_argument("--seed", type=int, default=1)
    it.add_argument("--chatter", action="store_true", help="8,640 triggers a day on one channel")
    it.add_argument("--gaps", type=float, default=0.25, help="chance by station and day, 0 = none")
    return it


def main() -> None:
    o = parser().parse_args()
    model = Model(
        stations=o.stations,
        components=o.components,
        rate=o.rate,
        seed=o.seed,
        chatter=o.chatter,
        gaps=o.gaps,
    )
    figures = make_archive(o.out, days=o.days, start=UTCDateTime(o.start), model=model)
    for name, value in figures.items():
        print(f"{name:18} {value:g}")


if __name__ == "__main__":
    main()
