"""Synthetic earthquakes as the channels of a network would have recorded them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import MetadataError, ParameterError
from ..network import NetworkStation, VelocityModel
from ..processing import response_curve
from ..provenance import units_of
from ..types import FloatArray

if TYPE_CHECKING:  # loads matplotlib; the functions import what they need
    from ..synthetic import Path, SourceEvent

ORIGIN = UTCDateTime(2000, 1, 1)
COMPONENTS = "ZNE"
LARGEST = 2**31 - 1
"""Of a sample in counts; the next lower number marks a gap."""

Place = tuple[float, float, float]
Signal = tuple[int, FloatArray]
"""First sample, counted from the origin time, and samples in the units of the channel."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One channel that events are planted in."""

    trace_id: str
    station: NetworkStation
    row: int
    rate: float
    response: tuple[Inventory, UTCDateTime] | None


@dataclass(frozen=True)
class Mechanism:
    """What one planted earthquake has for itself, whatever its place and size."""

    number: int
    strike: float
    dip: float
    rake: float


def mechanisms(count: int, seed: int) -> list[Mechanism]:
    """Return double couples in all directions, the same for the same seed."""
    from ..synthetic._random import PROGRAMME, generator

    out = []
    for number in range(count):
        rng = generator(seed, PROGRAMME, number)
        out.append(
            Mechanism(
                number,
                strike=float(rng.uniform(0.0, 360.0)),
                dip=float(rng.uniform(30.0, 90.0)),
                rake=float(rng.uniform(-180.0, 180.0)),
            )
        )
    return out


def channel_of(
    trace: Trace, station: NetworkStation, inventory: Inventory | None, when: UTCDateTime
) -> Channel:
    """Return what is needed to plant a signal in a trace.

    Raises
    ------
    MetadataError
        If it is in counts and no response is known.
    ParameterError
        If its component or unit is another than Z, N, E and counts, m/s.
    """
    component = trace.stats.channel[-1:]
    if component not in COMPONENTS or not component:
        raise ParameterError(
            f"{trace.id}: component {component!r} has no known direction; rotate it to Z, N, E"
        )
    units = units_of(trace)
    if units not in ("counts", "m/s"):
        raise ParameterError(f"{trace.id} is in {units}; give the noise in counts or in m/s")
    response = None
    if units == "counts":
        if inventory is None:
            raise MetadataError(
                f"{trace.id} is in counts and no response is given, so a planted event has no "
                "known size in it; give inventory= with responses, or noise in m/s"
            )
        response_curve(inventory, trace.id, when, [1.0, 10.0])  # raises where there is none
        response = (inventory, when)
    return Channel(
        trace_id=trace.id,
        station=station,
        row=COMPONENTS.index(component),
        rate=float(trace.stats.sampling_rate),
        response=response,
    )


@dataclass
class Planter:
    """Makes the signals of events at places, and plants them."""

    channels: list[Channel]
    model: VelocityModel
    seed: int
    stress_drop: float
    paths: dict[tuple[Place, str], Path] = field(default_factory=dict)
    gains: dict[tuple[str, int], NDArray[np.complex128]] = field(default_factory=dict)

    def path(self, place: Place, station: NetworkStation) -> Path:
        """Return the way from a place to a station."""
        from ..synthetic import trace_path

        key = (place, station.key)
        if key not in self.paths:
            self.paths[key] = trace_path(self._event(place, 0.0), station, self.model)
        return self.paths[key]

    def arrivals(self, place: Place) -> tuple[float, float]:
        """Return the first P and the last S at any station, in seconds after the origin."""
        times = [self.path(place, c.station).time for c in self.channels]
        return min(t[0] for t in times), max(t[1] for t in times)

    def signals(self, place: Place, magnitude: float, mechanism: Mechanism) -> dict[str, Signal]:
        """Return what an event makes in each channel."""
        from ..synthetic import ground_motion
        from ..synthetic._random import EVENT, generator

        event = self._event(place, magnitude, mechanism)
        motions: dict[tuple[str, float], tuple[int, FloatArray]] = {}
        out = {}
        for channel in self.channels:
            key = (channel.station.key, channel.rate)
            if key not in motions:
                motions[key] = ground_motion(
                    event,
                    channel.station,
                    self.model,
                    sampling_rate=channel.rate,
                    reference=ORIGIN,
                    rng=generator(self.seed, EVENT, mechanism.number, channel.station.key),
                    source_rng=generator(self.seed, EVENT, mechanism.number),
                    path=self.path(place, channel.station),
                )
            first, velocity = motions[key]
            out[channel.trace_id] = (first, self._recorded(velocity[channel.row], channel))
        return out

    def _event(
        self, place: Place, magnitude: float, mechanism: Mechanism | None = None
    ) -> SourceEvent:
        from ..synthetic import SourceEvent

        turned: dict[str, Any] = {}
        if mechanism is not None:
            turned = {k: getattr(mechanism, k) for k in ("strike", "dip", "rake")}
        latitude, longitude, depth_km = place
        return SourceEvent(
            kind="VT",
            time=ORIGIN,
            latitude=latitude,
            longitude=longitude,
            depth_km=depth_km,
            magnitude=magnitude,
            stress_drop=self.stress_drop,
            **turned,
        )

    def _recorded(self, velocity: FloatArray, channel: Channel) -> FloatArray:
        """Return ground velocity as the channel records it; nothing wraps around."""
        if channel.response is None:
            return velocity
        inventory, when = channel.response
        wanted = velocity.size + int(10 * channel.rate)
        padded = 1 << (wanted - 1).bit_length()
        key = (channel.trace_id, padded)
        if key not in self.gains:
            frequencies = np.fft.rfftfreq(padded, 1.0 / channel.rate)
            self.gains[key] = response_curve(inventory, channel.trace_id, when, frequencies)
        spectrum = scipy.fft.rfft(velocity, padded) * self.gains[key]
        return np.asarray(scipy.fft.irfft(spectrum, padded)[: velocity.size], dtype=np.float64)


def plant(
    noise: Stream, planted: list[tuple[UTCDateTime, dict[str, Signal]]], shift: float = 0.0
) -> Stream:
    """Return the records with events added: ``(origin time, signals by trace id)``.

    The origin stands at the sample nearest to its time. Counts stay whole numbers. ``shift``
    (seconds) moves the whole in time.
    """
    out = Stream()
    for trace in noise:
        fs, n = float(trace.stats.sampling_rate), trace.stats.npts
        added = np.zeros(n)
        for origin, signals in planted:
            if trace.id not in signals:
                continue
            first, samples = signals[trace.id]
            first += round((origin - trace.stats.starttime) * fs)
            low, high = max(first, 0), min(first + samples.size, n)
            if low < high:
                added[low:high] += samples[low - first : high - first]
        data = trace.data + added
        if np.issubdtype(trace.data.dtype, np.integer):
            data = np.clip(np.rint(data), -LARGEST, LARGEST).astype(np.int32)
        copy = Trace(data)
        copy.stats = trace.stats.copy()
        copy.stats.starttime += shift
        out.append(copy)
    return out
