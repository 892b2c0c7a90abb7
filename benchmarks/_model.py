"""A volcano network in counts, block by block: noise, tremor, earthquakes, spikes, gaps.

Everything follows from a seed and from numbers counted from the archive's first day, so any
piece of any channel can be computed alone, and a longer archive begins with the bytes of a
shorter one. Noise is made of blocks shaped in the frequency domain and faded into each other
(squares of the fades add up to one, so the power stays). Events radiate from points under the
volcano with 1/distance and travel at constant speeds: simple, but with the move-out, sizes and
decay that detectors, averages and encoders meet in real records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

Floats = NDArray[np.float64]

BLOCK = 1 << 17
FADE = BLOCK // 8
HOP = BLOCK - FADE
NOISE_FACTORS = (1.0, 3.0, 10.0, 2.0, 6.0, 1.5)  # of wind and traffic, by station
COMPONENTS = "ZNE"
LATITUDE, LONGITUDE = 42.006, 128.057
DAY = 86400


@dataclass(frozen=True)
class Kind:
    """One kind of event: how many a day, how large, how fast, in which band."""

    label: str
    per_day: float
    speed: float  # km/s
    second: float  # km/s, of the second arrival
    freqmin: float
    freqmax: float
    duration: float  # s, of decay by e**3 at magnitude 0
    counts: float  # peak at 5 km for magnitude 0
    smallest: float
    b_value: float
    reach: float  # km, farthest source


KINDS = (
    Kind("VT", 220.0, 4.5, 2.6, 4.0, 16.0, 5.0, 900.0, -0.6, 1.0, 3.0),
    Kind("LP", 60.0, 2.5, 1.4, 0.8, 3.5, 18.0, 1500.0, -0.4, 1.3, 2.0),
    Kind("VLP", 3.0, 2.5, 2.0, 0.03, 0.08, 60.0, 900.0, 0.0, 1.5, 2.0),
    Kind("REGIONAL", 5.0, 6.0, 3.5, 0.1, 0.45, 90.0, 4000.0, 0.0, 1.0, 150.0),
)


@dataclass(frozen=True)
class Event:
    """One planted event."""

    day: int
    number: int
    kind: Kind
    time: float  # s from the first day
    x: float
    y: float
    depth: float
    magnitude: float

    @property
    def length(self) -> float:
        """Seconds from the first arrival until it is lost."""
        return 3.0 * self.kind.duration * 10 ** (0.25 * self.magnitude)


@dataclass(frozen=True, kw_only=True)
class Model:
    """The network and its seed."""

    stations: int = 6
    components: int = 3
    rate: float = 100.0
    seed: int = 1
    chatter: bool = False
    gaps: float = 0.25  # chance of outages by station and day
    _cache: dict[object, object] = field(default_factory=dict, repr=False, compare=False)

    def rng(self, *key: int) -> np.random.Generator:
        """Return the generator of one thing."""
        return np.random.Generator(np.random.SFC64([self.seed, *key]))

    @cached_property
    def places(self) -> Floats:
        """Return east, north and depth in km of every station."""
        turn = 2.399963 * np.arange(self.stations)  # golden angle: no two in one direction
        distance = 3.0 + 2.4 * (np.arange(self.stations) * 5 % 7)
        out: Floats = np.column_stack(
            [distance * np.cos(turn), distance * np.sin(turn), np.full(self.stations, -1.8)]
        )
        return out

    def code(self, station: int) -> str:
        """Return the code of a station."""
        return f"PK{station + 1:02d}"

    def events(self, day: int) -> list[Event]:
        """Return the events whose origin lies in a day, in order of time."""
        known = self._cache.get(("events", day))
        if known is not None:
            return known  # type: ignore[return-value]
        rng = self.rng(1, day)
        found = []
        for kind in KINDS:
            n = int(rng.poisson(kind.per_day))
            times = DAY * (day + rng.random(n))
            size = kind.smallest + rng.exponential(1 / (kind.b_value * np.log(10)), n)
            far, turn = kind.reach * np.sqrt(rng.random(n)), 2 * np.pi * rng.random(n)
            depth = rng.uniform(0.5, 6.0, n)
            found += [
                (times[i], kind, far[i] * np.cos(turn[i]), far[i] * np.sin(turn[i]), depth[i],
                 min(size[i], 3.0))
                for i in range(n)
            ]  # fmt: skip
        found.sort(key=lambda e: e[0])
        events = [
            Event(day, number, kind, time, x, y, depth, size)
            for number, (time, kind, x, y, depth, size) in enumerate(found)
        ]
        for old in [k for k in self._cache if isinstance(k, tuple) and k[1] < day - 1]:
            del self._cache[old]
        self._cache["events", day] = events
        return events

    def arrivals(self, event: Event) -> tuple[Floats, Floats]:
        """Return travel times of the first arrival (s) and distances (km) by station."""
        source = np.array([event.x, event.y, event.depth])
        distance = np.linalg.norm(self.places - source, axis=1)
        return distance / event.kind.speed, distance

    def outages(self, station: int, day: int) -> list[tuple[float, float]]:
        """Return the spans of a day (s from the first day) in which a station recorded nothing."""
        rng = self.rng(4, station, day)
        if rng.random() >= self.gaps:
            return []
        begin = DAY * (day + rng.random(int(rng.integers(1, 4))))
        length = np.clip(rng.lognormal(5.0, 1.8, len(begin)), 3.0, 7200.0)
        return sorted((float(a), float(a + n)) for a, n in zip(begin, length, strict=True))

    def tremor(self, block: int) -> float:
        """Return the strength of tremor (counts at 5 km) in a block of noise."""
        middle = (block + 0.5) * HOP / self.rate
        day = int(middle // DAY)
        strength = 0.0
        for of in (day - 1, day):
            rng = self.rng(5, of + 10)
            for _ in range(int(rng.integers(0, 3))):
                begin = DAY * (of + rng.random())
                length = rng.uniform(3600.0, 5 * 3600.0)
                peak = rng.uniform(20.0, 120.0)
                if begin <= middle < begin + length:
                    strength += peak * np.sin(np.pi * (middle - begin) / length)
        return float(strength)

    @cached_property
    def _shapes(self) -> tuple[Floats, Floats, Floats]:
        """Return power by frequency of microseism, wind and tremor, each of variance 1."""
        f = np.fft.rfftfreq(BLOCK, 1 / self.rate)
        f[0] = f[1]
        roll = 1 / (1 + (f / (0.43 * self.rate)) ** 40)  # the digitiser's filters
        swell = np.exp(-0.5 * (np.log(f / 0.19) / 0.35) ** 2)
        primary = 0.03 * np.exp(-0.5 * (np.log(f / 0.07) / 0.2) ** 2)
        tilt = 2e-4 * (0.02 / f) ** 2 / (1 + (0.004 / f) ** 6)
        micro = swell + primary + tilt
        wind = f**-0.6 / (1 + (0.9 / f) ** 4) * roll
        tremor = np.exp(-0.5 * (np.log(f / 1.9) / 0.3) ** 2)
        return micro / micro.sum(), wind / wind.sum(), tremor / tremor.sum()

    def _block(self, station: int, component: int, block: int) -> NDArray[np.float32]:
        """Return one block of stationary noise."""
        micro, wind, tremor = self._shapes
        hour = (block + 0.5) * HOP / self.rate / 3600.0
        swell = 320.0 * (1 + 0.25 * np.sin(2 * np.pi * hour / 61.0 + 1.0))
        breeze = 1.0 + 0.8 * max(0.0, np.sin(2 * np.pi * (hour - 9.0) / 24.0))
        breeze *= 1 + 0.3 * np.sin(2 * np.pi * hour / 17.3 + station)
        noise = 7.0 * NOISE_FACTORS[station % len(NOISE_FACTORS)] * breeze
        strength = self.tremor(block) * 5.0 / float(np.linalg.norm(self.places[station]))
        power = swell**2 * micro + noise**2 * wind + strength**2 * tremor
        power += 0.25 / len(power)
        scale = (np.sqrt(power) * (BLOCK / 2)).astype(np.float32)
        rng = self.rng(3, station, component, block + 1)
        spectrum = rng.standard_normal(2 * len(power), dtype=np.float32).view(np.complex64)
        spectrum *= scale
        out: NDArray[np.float32] = irfft(spectrum, BLOCK, overwrite_x=True)
        return out

    def pieces(
        self, station: int, component: int, total: int, *, hops: int = 8
    ) -> Iterator[tuple[int, NDArray[np.int32]]]:
        """Yield ``(first sample, samples)`` of one channel, without its gaps cut out."""
        rise = np.sin(0.5 * np.pi * (np.arange(FADE) + 0.5) / FADE).astype(np.float32)
        tail = self._block(station, component, -1)[HOP:] * rise[::-1]
        size = hops * HOP
        data = np.empty(size, dtype=np.float32)
        for first in range(0, total, size):
            blocks = min(hops, -(-(total - first) // HOP))
            for hop in range(blocks):
                block = self._block(station, component, first // HOP + hop)
                block[:FADE] *= rise
                block[:FADE] += tail
                tail = block[HOP:] * rise[::-1]
                data[hop * HOP : (hop + 1) * HOP] = block[:HOP]
            piece = data[: min(blocks * HOP, total - first)]
            self._add_events(station, component, first, piece)
            self._add_spikes(station, component, first, piece)
            if self.chatter and (station, component) == (self.stations - 1, 0):
                self._add_chatter(first, piece)
            yield first, np.rint(piece).astype(np.int32)

    def _add_events(
        self, station: int, component: int, first: int, data: NDArray[np.float32]
    ) -> None:
        begin, end = first / self.rate, (first + len(data)) / self.rate
        for day in range(int(begin // DAY) - 1, int(end // DAY) + 1):
            for event in self.events(day) if day >= 0 else ():
                travel, distance = self.arrivals(event)
                onset = event.time + float(travel[station])
                if onset >= end or onset + event.length + distance[station] < begin:
                    continue
                at = round(onset * self.rate)
                signal = self._signal(event, station, component, float(distance[station]))
                low, high = max(at, first), min(at + len(signal), first + len(data))
                if high > low:
                    data[low - first : high - first] += signal[low - at : high - at]

    def _signal(
        self, event: Event, station: int, component: int, distance: float
    ) -> NDArray[np.float32]:
        """Return two arrivals with decaying codas in the band of the event's kind."""
        kind = event.kind
        wait = distance / kind.second - distance / kind.speed
        n = 1 << int(np.ceil(np.log2((event.length + wait) * self.rate + 64)))
        rng = self.rng(2, event.day, event.number, station, component)
        t = np.arange(n, dtype=np.float32) / np.float32(self.rate)
        decay = np.float32(event.length / 3.0)
        build = np.float32(0.2 * decay if kind.label != "VT" else 0.05)
        late = np.maximum(t - np.float32(wait), 0)
        first, second = (0.5, 1.0) if component == 0 else (0.25, 1.6)
        envelope = first * np.exp(-t / decay) * (1 - np.exp(-t / build))
        envelope += second * np.exp(-late / decay) * (1 - np.exp(-late / build))
        f = np.fft.rfftfreq(n, 1 / self.rate)
        f[0] = f[1]
        middle = np.sqrt(kind.freqmin * kind.freqmax)
        width = 0.5 * np.log(kind.freqmax / kind.freqmin)
        shape = np.exp(-0.5 * (np.log(f / middle) / width) ** 2).astype(np.float32)
        shape *= np.sqrt(n / 2 / max(float((shape**2).sum()), 1e-9))
        noise = irfft(rfft(rng.standard_normal(n, dtype=np.float32)) * shape, n)
        # 1/3 of the largest is about the rms of noise
        peak = kind.counts * 10**event.magnitude * (5.0 / max(distance, 1.0)) / 3.0
        fade = np.minimum(1, (t[-1] - t) / np.float32(0.1 * t[-1]))
        out: NDArray[np.float32] = (np.float32(peak) * noise * envelope * fade).astype(np.float32)
        return out

    def _add_spikes(
        self, station: int, component: int, first: int, data: NDArray[np.float32]
    ) -> None:
        """Add a few single samples a day that no ground motion makes."""
        for day in range(
            int(first / self.rate // DAY), int((first + len(data)) / self.rate // DAY) + 1
        ):
            rng = self.rng(6, station, component, day)
            for at, size, sign in zip(
                rng.random(n := int(rng.poisson(1.0))),
                rng.uniform(2e4, 2e5, n),
                rng.choice([-1.0, 1.0], n),
                strict=True,
            ):
                index = int((day + at) * DAY * self.rate) - first
                if 0 <= index < len(data):
                    data[index] += sign * size

    def _add_chatter(self, first: int, data: NDArray[np.float32]) -> None:
        """Add a burst every ten seconds: 8640 triggers a day on one channel."""
        every, length = round(10 * self.rate), round(0.5 * self.rate)
        burst = 4000.0 * np.sin(2 * np.pi * 10.0 * np.arange(length) / self.rate)
        burst *= np.sin(np.pi * np.arange(length) / length)
        for number in range(first // every - 1, (first + len(data)) // every + 1):
            at = number * every + every // 2 - first
            low, high = max(at, 0), min(at + length, len(data))
            if high > low:
                data[low:high] += burst[low - at : high - at].astype(np.float32)
