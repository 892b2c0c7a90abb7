"""A set of labelled windows: events of every kind, of many sizes and places, and noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import cos, nan, radians, sin

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, UTCDateTime

from ..errors import ParameterError
from ..network import Network
from ._random import generator
from .programme import _make
from .simulate import Simulation, simulate_network
from .sources import SourceEvent

LABELLED_KINDS = (
    "VT", "LP", "hybrid", "VLP", "harmonic", "tremor", "explosion", "regional", "teleseism",
    "noise",
)  # fmt: skip
_START = UTCDateTime("2014-06-15T03:00:00")
_STREAM = 7700  # number of this module's random numbers
BEFORE = 60.0  # s of record before the event
_AFTER = {"tremor": 360.0, "regional": 200.0, "teleseism": 260.0, "explosion": 160.0, "VLP": 130.0}


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledWindow:
    """One window of SYNTHETIC records, and what is in it.

    Attributes
    ----------
    event_id : str
    label : str
        One of ``tables.LABELS``.
    stream : Stream
        Counts.
    inventory : Inventory
    time : UTCDateTime
        First arrival; an instant of the quiet record for noise.
    endtime : UTCDateTime
        End of the signal, or of the window where that comes first.
    snr : float
        As in ``tables.TRUTH``; NaN for noise.
    arrivals : DataFrame
        ``tables.ARRIVALS``.
    source : SourceEvent or None
    """

    event_id: str
    label: str
    stream: Stream
    inventory: Inventory
    time: UTCDateTime
    endtime: UTCDateTime
    snr: float
    arrivals: pd.DataFrame
    source: SourceEvent | None

    @property
    def event(self) -> dict[str, object]:
        """The row of an events table: ``event_id``, ``time``, ``endtime``."""
        return {"event_id": self.event_id, "time": self.time, "endtime": self.endtime}


def labelled_events(
    network: Network,
    *,
    n_per_class: int = 10,
    seed: int = 1,
    min_snr: float = 3.0,
    kinds: Sequence[str] = LABELLED_KINDS,
    stations: str | Sequence[str] | None = None,
) -> Iterator[LabelledWindow]:
    """Make windows with one event each, of varied size, place and character.

    Parameters
    ----------
    network : Network
    n_per_class : int, optional
        Windows of each kind.
    seed : int, optional
    min_snr : float, optional
        An event whose ``truth.snr`` is below is made larger until it is not.
    kinds : sequence of str, optional
        Some of :data:`LABELLED_KINDS`. A kind the network has no source for (explosion,
        teleseism) is left out.
    stations : str or sequence of str, optional
        As of :func:`simulate_network`.

    Yields
    ------
    LabelledWindow

    Raises
    ------
    ParameterError
        If a kind is unknown or a number makes no sense.
    """
    unknown = sorted(set(kinds) - set(LABELLED_KINDS))
    if unknown:
        raise ParameterError(f"kinds={unknown}; give some of {', '.join(LABELLED_KINDS)}")
    if n_per_class < 1 or not min_snr > 0:
        raise ParameterError(f"n_per_class={n_per_class}, min_snr={min_snr}; both must be positive")
    for kind in kinds:
        for number in range(n_per_class):
            index = LABELLED_KINDS.index(kind)
            rng = generator(seed, _STREAM, index, number)
            draw = int(rng.integers(1, 2**31))
            name = f"{kind}-{seed}-{number}"
            if kind == "noise":
                sim = simulate_network(
                    network, duration=180.0, starttime=_START, seed=draw, events=(),
                    faults=False, stations=stations,
                )  # fmt: skip
                begin = _START + 60.0
                yield _window(sim, name, kind, begin, begin + float(rng.uniform(10, 60)), nan, None)
                continue
            event = _vary(kind, network, rng)
            if event is None:
                break
            yield _grown(network, name, event, draw, min_snr, stations)


def _vary(kind: str, network: Network, rng: np.random.Generator) -> SourceEvent | None:
    """An event of the programme, with size and place drawn more widely."""
    event = _make(kind, float(rng.uniform(0.7, 2.4)), network, _START + BEFORE, rng)
    if event is None:
        return None
    u, v = float(rng.uniform()), float(rng.uniform())
    if kind == "regional":
        distance, angle = 150.0 + 200.0 * u, radians(360.0 * v)
        latitude = network.latitude + distance * cos(angle) / 111.2
        east = distance * sin(angle) / (111.2 * cos(radians(latitude)))
        magnitude = 1.8 + 1.6 * (distance - 100.0) / 250.0 * float(rng.uniform(0.6, 1.2))
        return replace(
            event, latitude=latitude, longitude=network.longitude + east, magnitude=magnitude,
            time=_START + BEFORE - distance / 7.5,
        )  # fmt: skip
    if kind == "explosion":
        return replace(event, magnitude=1.6 + 2.0 * u)
    if kind == "teleseism":
        return replace(event, magnitude=4.8 + 1.2 * u, latitude=event.latitude + v - 0.5)
    if kind == "VLP":
        return replace(event, magnitude=3.9 + 0.6 * u, duration=12.0 + 10.0 * v)
    if kind == "VT":
        return event
    grown = replace(event, reduced_displacement=event.reduced_displacement * 10 ** (0.7 * u - 0.2))
    if kind == "hybrid":  # both parts of one size, as one event has them
        return replace(grown, magnitude=event.magnitude + 0.67 * (0.7 * u - 0.2))
    if kind == "tremor":
        return replace(grown, duration=150.0 + 150.0 * v)
    if kind == "harmonic":
        return replace(grown, duration=28.0 + 16.0 * v)
    return grown


def _grown(
    network: Network,
    name: str,
    event: SourceEvent,
    seed: int,
    min_snr: float,
    stations: str | Sequence[str] | None,
) -> LabelledWindow:
    """Simulate the event, larger until it is seen."""
    for _ in range(8):
        sim = simulate_network(
            network, duration=BEFORE + _AFTER.get(event.kind, 90.0) + 30.0, starttime=_START,
            seed=seed, events=(event,), faults=False, stations=stations,
        )  # fmt: skip
        row = sim.truth.iloc[0]
        if row["snr"] >= min_snr:
            break
        event = replace(
            event,
            magnitude=event.magnitude + 0.3,
            reduced_displacement=event.reduced_displacement * 1.6,
        )
    begin = UTCDateTime(ns=int(row["time"].value))
    end = min(begin + float(row["duration"]), sim.stream[0].stats.endtime)
    return _window(sim, name, event.kind, begin, end, float(row["snr"]), event)


def _window(
    sim: Simulation,
    name: str,
    label: str,
    begin: UTCDateTime,
    end: UTCDateTime,
    snr: float,
    source: SourceEvent | None,
) -> LabelledWindow:
    return LabelledWindow(
        event_id=name, label=label, stream=sim.stream, inventory=sim.inventory, time=begin,
        endtime=end, snr=snr, arrivals=sim.arrivals.assign(event_id=name), source=source,
    )  # fmt: skip
