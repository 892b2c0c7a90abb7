"""A whole network for a stretch of time, with everything that is true of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy.signal
from obspy import Inventory, Stream, Trace, UTCDateTime

from .. import tables
from ..errors import MetadataError, ParameterError
from ..network import Network, NetworkStation, VelocityModel
from ..provenance import note
from ..times import TimeLike, as_utc, sample_time
from ..types import Band, FloatArray
from ._random import EVENT, OFFSET, generator
from .faults import FAULTS, FaultPlan, cut_gaps, plan_faults, spoil, turn
from .instrument import (
    FULL_SCALE_COUNTS,
    Instrument,
    channel_codes,
    instrument,
    make_inventory,
)
from .noise import noise_level, noise_trace
from .programme import default_programme
from .propagation import Path, ground_motion, trace_path, window_length
from .sources import SourceEvent

logger = logging.getLogger("paektuseis.synthetic")

SETTLE = 400.0  # s simulated before the start, so that the instrument has settled
AFTER = 10.0  # s simulated after the end, so that the end is no edge
COMPONENTS = ("Z", "N", "E")


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulation:
    """SYNTHETIC records of a network, and the truth about them.

    Attributes
    ----------
    stream : obspy.Stream
        Counts (int32); a gap is a gap between two traces.
    inventory : obspy.Inventory
        Nominal responses, labelled synthetic.
    truth : DataFrame
        :data:`paektuseis.tables.TRUTH`, the planted events.
    arrivals : DataFrame
        :data:`paektuseis.tables.ARRIVALS`.
    faults : DataFrame
        :data:`FAULTS`, the planted faults.
    network : Network
        The stations simulated.
    seed : int
    """

    stream: Stream
    inventory: Inventory
    truth: pd.DataFrame
    arrivals: pd.DataFrame
    faults: pd.DataFrame
    network: Network
    seed: int


def simulate_network(
    network: Network,
    *,
    duration: float = 3600.0,
    starttime: TimeLike = "2014-06-15T03:00:00",
    seed: int = 1,
    stations: str | Sequence[str] | None = None,
    sampling_rate: float = 100.0,
    events: Sequence[SourceEvent] | None = None,
    noise: float | Mapping[str, float] | Literal["assumed"] | None = "assumed",
    faults: bool | FaultPlan = True,
    sensor: str | Instrument = "CMG-3T 120 s",
) -> Simulation:
    """Simulate the records of a volcano network, with known truth.

    Parameters
    ----------
    network : Network
        Stations and velocity model.
    duration : float, optional
        Seconds.
    starttime : UTCDateTime or str, optional
    seed : int, optional
        The same seed gives the same samples, whatever the machine's number of
        threads, and the same at a station whichever others are simulated
        (only where the faults are planted depends on the others).
    stations : str or sequence of str, optional
        Patterns as of :meth:`Network.select`. By default the stations of the
        network code that the profile lists first (of ``paektu`` the six of 1U).
    sampling_rate : float, optional
        Hertz.
    events : sequence of SourceEvent, optional
        What happens; by default :func:`default_programme`. ``()`` for noise alone.
    noise : float, mapping or None, optional
        Level between Peterson's low- (0) and high-noise model (1): one for all
        stations or one for each ``NET.STA``; ``None`` for none. The default,
        ``"assumed"``, is described in :mod:`paektuseis.synthetic.noise`.
    faults : bool or FaultPlan, optional
        Whether gaps, a dead, a clipped and a turned channel, spikes at the
        same instant on all channels and a step are planted.
    sensor : str or Instrument, optional
        One of ``INSTRUMENTS``.

    Returns
    -------
    Simulation

    Raises
    ------
    ParameterError
        If the duration, rate or noise level makes no sense.
    MetadataError
        If the network has no velocity model, or an elevation is unknown.

    Notes
    -----
    A row of ``truth`` has as ``snr`` the fourth-largest among the stations (the
    smallest, where there are fewer than four) of: peak of the planted signal
    over the root mean square of the noise in the two minutes around it, both on
    the vertical and in the event's band. A station whose vertical is missing or
    dead during the event does not count, and ``note`` says so.

    Examples
    --------
    >>> from paektuseis import load_network
    >>> sim = simulate_network(load_network("paektu"), duration=30, stations="JGPD", faults=False)
    >>> [tr.id for tr in sim.stream], sim.stream[0].data.dtype.name
    (['1U.JGPD..HHZ', '1U.JGPD..HHN', '1U.JGPD..HHE'], 'int32')
    """
    for name, value in (("duration", duration), ("sampling_rate", sampling_rate)):
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
    begin = as_utc(starttime, name="starttime")
    chosen = _chosen(network, stations)
    if network.velocity is None:
        raise MetadataError(
            f"network {network.name!r} has no velocity model; add [velocity] to its profile"
        )
    if events is None:
        events = default_programme(network, starttime=begin, duration=duration, seed=seed)
    nyquist = sampling_rate / 2
    for event in events:
        if event.band.freqmin is not None and event.band.freqmin * 1.5 >= nyquist:
            raise ParameterError(
                f"sampling_rate={sampling_rate} Hz is too low for an event of kind {event.kind!r} "
                f"({event.band.text}); raise it or leave the event out"
            )
    job = _Job(
        network=chosen,
        model=network.velocity,
        begin=begin,
        npts=round(duration * sampling_rate),
        rate=float(sampling_rate),
        seed=seed,
        sensor=instrument(sensor),
        noise=noise,
        events=tuple(sorted(events, key=lambda e: e.time.ns)),
    )
    if job.npts < 1:
        raise ParameterError(f"duration={duration} s holds no sample at {sampling_rate} Hz")
    return job.run(faults)


def _chosen(network: Network, stations: str | Sequence[str] | None) -> Network:
    if not network.stations:
        raise MetadataError(f"network {network.name!r} has no station; add [[stations]]")
    if stations is None:
        stations = f"{network.stations[0].network}.*"
    return network.select(stations)


@dataclass
class _Signal:
    """What one event did at one station, for the truth table."""

    snr: float
    end: float  # s from the start of the record
    usable: bool


@dataclass
class _Job:
    """One simulation while it is made."""

    network: Network
    model: VelocityModel
    begin: UTCDateTime
    npts: int
    rate: float
    seed: int
    sensor: Instrument
    noise: float | Mapping[str, float] | str | None
    events: tuple[SourceEvent, ...]
    paths: list[list[Path]] = field(default_factory=list)
    signals: dict[tuple[int, int], _Signal] = field(default_factory=dict)
    fault_rows: list[dict[str, Any]] = field(default_factory=list)

    def run(self, faults: bool | FaultPlan) -> Simulation:
        stations = self.network.stations
        self.paths = [[trace_path(e, s, self.model) for s in stations] for e in self.events]
        codes = channel_codes(self.rate)
        keys = self.network.station_codes
        if faults is True:
            plan = plan_faults(
                keys, busy=self._busy(), npts=self.npts, sampling_rate=self.rate, seed=self.seed
            )
        else:
            plan = faults or FaultPlan()
        stream = Stream()
        for index, station in enumerate(stations):
            logger.debug("simulating %s", station.key)
            stream += self._station(index, station, codes, plan)
        notes = {
            key: (
                f"the horizontals are turned by {angle:g} degrees (clockwise), "
                "which the channel azimuths do not say"
            )
            for key, angle in plan.misrotated
        }
        end = sample_time(self.begin, self.npts, self.rate)
        inventory = make_inventory(
            stations,
            sampling_rate=self.rate,
            starttime=self.begin,
            endtime=end,
            sensor=self.sensor,
            notes=notes,
        )
        truth, arrivals = self._truth()
        rows = sorted(self.fault_rows, key=lambda r: (r["starttime"].ns, r["kind"], r["trace_id"]))
        return Simulation(
            stream=stream,
            inventory=inventory,
            truth=truth,
            arrivals=arrivals,
            faults=FAULTS.frame(rows),
            network=self.network,
            seed=self.seed,
        )

    def _busy(self) -> list[tuple[float, float]]:
        """First arrival and nominal end of each event in seconds from the start."""
        spans = []
        for event, paths in zip(self.events, self.paths, strict=True):
            origin = event.time - self.begin
            first = min(p.time[0] for p in paths)
            end = max(p.time[0] + window_length(event, p) for p in paths)
            if event.kind in ("VT", "hybrid", "LP"):  # what is left after this is below the noise
                end = min(end, first + 45.0)
            spans.append((origin + first, origin + end))
        return spans

    def _level(self, station: str, component: str) -> float | None:
        if self.noise is None:
            return None
        if isinstance(self.noise, str):
            if self.noise != "assumed":
                raise ParameterError(
                    f"noise={self.noise!r}; give a number, a mapping, None or 'assumed'"
                )
            return noise_level(station, component)
        if isinstance(self.noise, Mapping):
            return float(self.noise.get(station, noise_level(station, component)))
        return float(self.noise)

    def _station(
        self, index: int, station: NetworkStation, codes: tuple[str, str, str], plan: FaultPlan
    ) -> Stream:
        """Ground motion, instrument, faults: the traces of one station."""
        before = int(SETTLE * self.rate)
        total = before + self.npts + int(AFTER * self.rate)
        motion = np.zeros((3, total))
        for row, component in enumerate(COMPONENTS):
            level = self._level(station.key, component)
            if level is not None:
                motion[row] = noise_trace(
                    total,
                    self.rate,
                    level=level,
                    seed=self.seed,
                    station=station.key,
                    component=component,
                    first=-before,
                )
        background = motion[0].copy()
        for number, event in enumerate(self.events):
            first, velocity = ground_motion(
                event,
                station,
                self.model,
                sampling_rate=self.rate,
                reference=self.begin,
                rng=generator(self.seed, EVENT, number, station.key),
                source_rng=generator(self.seed, EVENT, number),
                path=self.paths[number][index],
            )
            self._measure(number, index, velocity[0], first, background, plan)
            low, high = max(first + before, 0), min(first + before + velocity.shape[1], total)
            if low < high:
                shift = first + before
                motion[:, low:high] += velocity[:, low - shift : high - shift]
        for key, angle in plan.misrotated:
            if key == station.key:
                motion = turn(motion, angle)
                for code in codes[1:]:
                    self._fault(
                        station,
                        code,
                        0,
                        self.npts - 1,
                        "misrotated",
                        angle,
                        "degrees",
                        "the sensor's north points so far clockwise of true north; "
                        "the metadata say 0",
                    )
        out = Stream()
        gaps = [g for g in plan.gaps if g.station == station.key]
        for component, code, ground in zip(COMPONENTS, codes, motion, strict=True):
            counts = self._digitise(ground, station.key, component)[before : before + self.npts]
            found = spoil(
                counts, plan, station.key, component, seed=self.seed, sampling_rate=self.rate
            )
            for kind, (first, last, size) in found.items():
                self._fault(station, code, first, last, kind, size, "counts", "")
            for at in plan.spikes:
                if "dead" not in found:
                    self._fault(
                        station,
                        code,
                        at,
                        at,
                        "spike",
                        nan,
                        "counts",
                        "on every living channel at the same instant",
                    )
            for gap in gaps:
                self._fault(
                    station,
                    code,
                    gap.first,
                    gap.last,
                    "gap",
                    (gap.last - gap.first) / self.rate,
                    "s",
                    "",
                )
            trace = Trace(
                counts,
                {
                    "network": station.network,
                    "station": station.station,
                    "location": "",
                    "channel": code,
                    "sampling_rate": self.rate,
                    "starttime": self.begin,
                },
            )
            for piece in cut_gaps(trace, gaps):
                out.append(note(piece, units="counts"))
        return out

    def _digitise(
        self, ground: FloatArray, key: str, component: str
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
        offset = generator(self.seed, OFFSET, key, component).uniform(-1500.0, 1500.0)
        counts = np.rint(self.sensor.record(ground, self.rate) + offset)
        return np.clip(counts, -FULL_SCALE_COUNTS, FULL_SCALE_COUNTS).astype(np.int32)

    def _fault(
        self,
        station: NetworkStation,
        code: str,
        first: int,
        last: int,
        kind: str,
        value: float,
        units: str,
        remark: str,
    ) -> None:
        self.fault_rows.append(
            {
                "trace_id": f"{station.key}..{code}",
                "starttime": sample_time(self.begin, first, self.rate),
                "endtime": sample_time(self.begin, last, self.rate),
                "kind": kind,
                "value": value,
                "units": units,
                "note": remark,
            }
        )

    def _measure(
        self,
        number: int,
        index: int,
        vertical: FloatArray,
        first: int,
        background: FloatArray,
        plan: FaultPlan,
    ) -> None:
        """Signal-to-noise ratio of one event at one station, and when it ends there."""
        event, path = self.events[number], self.paths[number][index]
        key = self.network.stations[index].key
        arrival = event.time - self.begin + path.time[0]
        clean = _bandpass(
            np.concatenate([np.zeros(vertical.size), vertical]), event.band, self.rate
        )[vertical.size :]
        peak = float(np.abs(clean).max())
        before = int(SETTLE * self.rate)  # samples of background that precede the record
        centre = before + round(arrival * self.rate)
        reach = round(max(60.0, 5 / (event.band.freqmin or 1.0)) * self.rate)
        low = int(np.clip(centre - reach, before, max(background.size - 2 * reach, before)))
        warm = min(low, round(5 / (event.band.freqmin or 1.0) * self.rate))
        piece = background[low - warm : low + 2 * reach]
        rms = float(np.std(_bandpass(piece - piece.mean(), event.band, self.rate)[warm:]))
        limit = max(rms, 0.02 * peak)
        above = np.flatnonzero(np.abs(clean) > limit)
        end = (first + (int(above[-1]) if above.size else 0)) / self.rate
        begin = arrival - 20.0  # detectors must be warm again
        usable = (key, "Z") not in plan.dead and not any(
            g.station == key
            and g.first / self.rate < max(end, arrival + 10.0)
            and g.last / self.rate > begin
            for g in plan.gaps
        )
        self.signals[number, index] = _Signal(
            snr=peak / rms if rms > 0 else float("inf"), end=end, usable=usable
        )

    def _truth(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        truth, arrivals = [], []
        for number, event in enumerate(self.events):
            name = f"syn{number + 1:04d}"
            paths = self.paths[number]
            signals = [self.signals[number, i] for i in range(len(paths))]
            first = event.time + min(p.time[0] for p in paths)
            ratios = sorted((s.snr for s in signals if s.usable), reverse=True)
            best = max(signals, key=lambda s: s.snr)
            remarks = [event.note] if event.note else []
            if np.isfinite(event.reduced_displacement):
                remarks.append(f"reduced displacement {event.reduced_displacement:.1f} cm2")
            if np.isfinite(event.frequency):
                glide = (
                    f" gliding to {event.frequency_end:.2f}"
                    if np.isfinite(event.frequency_end)
                    else ""
                )
                remarks.append(f"fundamental {event.frequency:.2f}{glide} Hz")
            lost = [
                s.key
                for s, signal in zip(self.network.stations, signals, strict=True)
                if not signal.usable
            ]
            if lost:
                remarks.append(f"no vertical at {', '.join(lost)}")
            truth.append(
                {
                    "event_id": name,
                    "time": first,
                    "origin_time": event.time,
                    "label": event.kind,
                    "latitude": event.latitude,
                    "longitude": event.longitude,
                    "depth_km": event.depth_km,
                    "magnitude": event.magnitude,
                    "duration": max(self.begin + best.end - first, 0.0),
                    "freqmin": event.band.freqmin,
                    "freqmax": event.band.freqmax,
                    "snr": ratios[min(3, len(ratios) - 1)] if ratios else 0.0,
                    "note": "; ".join(remarks),
                }
            )
            emergent = event.kind in ("LP", "harmonic", "tremor", "VLP")
            for station, path, signal in zip(self.network.stations, paths, signals, strict=True):
                for phase, time in zip("PS", path.time, strict=True):
                    if phase == "S" and emergent:
                        continue
                    arrivals.append(
                        {
                            "event_id": name,
                            "network": station.network,
                            "station": station.station,
                            "phase": phase,
                            "time": event.time + time,
                            "distance_km": path.distance_km,
                            "snr": signal.snr,
                        }
                    )
        return tables.TRUTH.frame(truth), tables.ARRIVALS.frame(arrivals)


def _bandpass(samples: FloatArray, band: Band, sampling_rate: float) -> FloatArray:
    """Fourth-order causal Butterworth; the upper corner stays below the Nyquist frequency."""
    upper = min(band.freqmax or np.inf, 0.45 * sampling_rate)
    sos = scipy.signal.butter(4, (band.freqmin, upper), "bandpass", fs=sampling_rate, output="sos")
    return np.asarray(scipy.signal.sosfilt(sos, samples), dtype=np.float64)
