"""From a stream to sensors: the sound pieces of each component, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace, UTCDateTime

from .._segments import joined
from ..errors import MetadataError, WaveformError
from ..processing import rotate_to_zne
from ..processing._epochs import epochs_at
from ..processing._traces import contiguous, piece, runs
from ..times import sample_time

FloatArray = NDArray[np.float64]

FLAT = 1.0
"""Seconds without any change after which a record counts as dead."""


@dataclass(frozen=True)
class Sensor:
    """The sound pieces of the components of one sensor, in order of time."""

    name: str
    parts: dict[str, list[Trace]]

    @property
    def station(self) -> str:
        """``NET.STA``."""
        return ".".join(self.name.split(".")[:2])

    def covering(self, letter: str, time: UTCDateTime) -> Trace | None:
        """Return the piece of a component that holds an instant."""
        for trace in self.parts.get(letter, []):
            if trace.stats.starttime <= time <= trace.stats.endtime:
                return trace
        return None

    @property
    def horizontals(self) -> list[str]:
        """Letters of the components that are not vertical."""
        return [letter for letter in sorted(self.parts) if letter != "Z"]


def sensors_of(stream: Stream, inventory: Inventory | None, problems: list[str]) -> list[Sensor]:
    """Return the sensors of a stream that have a vertical component."""
    found: dict[str, dict[str, list[Trace]]] = {}
    for trace, samples in contiguous(joined(stream)):
        if not trace.stats.channel:
            problems.append(f"{trace.id}: no channel code, so that its direction is unknown")
            continue
        parts = found.setdefault(trace.id[:-1], {})
        parts.setdefault(trace.stats.channel[-1].upper(), []).extend(_alive(trace, samples))
    out = []
    for name in sorted(found):
        parts = {letter: pieces for letter, pieces in found[name].items() if pieces}
        if "Z" not in parts:
            parts = _turned(name, parts, inventory, problems)
        if parts:
            for pieces in parts.values():
                pieces.sort(key=lambda t: int(t.stats.starttime.ns))
            out.append(Sensor(name, parts))
    return out


def _alive(trace: Trace, samples: NDArray[np.generic]) -> list[Trace]:
    """Return what is left of a piece where the record stands still for a second."""
    size = max(2, round(FLAT * float(trace.stats.sampling_rate)))
    same = samples[1:] == samples[:-1]
    still = [(a, b + 1) for a, b in runs(same) if b - a >= size]
    if not still:
        return [piece(trace, 0, len(samples), samples)]
    flags = np.ones(len(samples), dtype=bool)
    for a, b in still:
        flags[a:b] = False
    return [piece(trace, a, b, samples[a:b]) for a, b in runs(flags)]


def _turned(
    name: str,
    parts: dict[str, list[Trace]],
    inventory: Inventory | None,
    problems: list[str],
) -> dict[str, list[Trace]]:
    """Return Z, N, E of a sensor none of whose components is called vertical."""
    if not parts:
        problems.append(f"{name}?: no record that moves")
        return {}
    if inventory is None or len(parts) != 3:
        problems.append(
            f"{name}?: components {', '.join(sorted(parts))} hold no vertical; give three and an "
            "inventory with their directions"
        )
        return {}
    try:
        turned = rotate_to_zne(Stream([t for pieces in parts.values() for t in pieces]), inventory)
    except (MetadataError, WaveformError) as error:
        problems.append(f"{name}?: {error}")
        return {}
    out: dict[str, list[Trace]] = {}
    for trace in turned:
        out.setdefault(trace.stats.channel[-1], []).append(trace)
    return out


def upward(trace_id: str, time: UTCDateTime, inventory: Inventory | None) -> int:
    """Return +1, or -1 where the metadata say that the vertical is positive downwards."""
    if inventory is None:
        return 1
    dips = {float(e.dip) for e in epochs_at(inventory, trace_id, time) if e.dip is not None}
    return -1 if dips and min(dips) > 0 else 1


def cut(trace: Trace, first: int, last: int) -> Trace:
    """Return samples [first, last) of a trace as a new one (samples shared)."""
    return piece(trace, first, last, trace.data[first:last])


def time_of(trace: Trace, index: float) -> UTCDateTime:
    """Return the time of a sample of a trace."""
    return sample_time(trace.stats.starttime, index, float(trace.stats.sampling_rate))
