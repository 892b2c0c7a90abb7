"""Stretches of noise, what the detection finds in them, and where events may be planted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd
from obspy import Stream, UTCDateTime

from .. import tables
from ..config import Settings
from ..errors import WaveformError
from ..io import Archive
from ..network import Network
from ..processing import check_waveforms, sound_pieces
from ..times import as_timestamp
from ._shelf import Shelf
from .agreement import detect_network
from .channel import half_open, process_channel

WHOLE = 3600.0
"""Seconds of noise up to which it is used in one piece."""

BLOCK = 1200.0
"""Seconds of each piece drawn from longer noise: more pieces meet more hours of the day."""

MOST_CYCLES = 5
"""How often more noise is tried than should have been enough."""

Read = Callable[[UTCDateTime, UTCDateTime], Stream]


@dataclass(frozen=True)
class Slot:
    """A moment of a block at which an event may happen."""

    time: UTCDateTime
    listening: frozenset[str]
    busy: bool


@dataclass(frozen=True)
class Block:
    """One stretch of noise, without its unsound samples."""

    starttime: UTCDateTime
    endtime: UTCDateTime
    noise: Stream
    slots: tuple[Slot, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How events are laid out in time."""

    starttime: UTCDateTime
    endtime: UTCDateTime
    spacing: float
    before: float
    after: float
    seed: int

    @property
    def length(self) -> float:
        """Seconds of one block."""
        span = float(self.endtime - self.starttime)
        return span if span <= WHOLE else BLOCK

    def strata(self, wanted: int) -> list[tuple[float, float]]:
        """Return parts of the span (begin, length in seconds) that blocks are drawn from."""
        span = self.endtime - self.starttime
        length = self.length
        each = max(1.0, (length - self.before - self.after) // self.spacing)
        count = int(max(1, min(span // length, np.ceil(wanted / each))))
        return [(i * span / count, span / count) for i in range(count)]

    def blocks(self, wanted: int) -> Iterable[tuple[int, UTCDateTime, UTCDateTime]]:
        """Yield number, begin and end of blocks, over the whole span again and again."""
        strata = self.strata(wanted)
        each = max(1.0, self.length // self.spacing)
        cycles = MOST_CYCLES * int(np.ceil(wanted / each / len(strata)) + 1)
        length = self.length
        from ..synthetic._random import OFFSET, generator  # here: it loads matplotlib

        for number in range(cycles * len(strata)):
            begin, wide = strata[number % len(strata)]
            share = generator(self.seed, OFFSET, number).uniform()
            start = self.starttime + np.floor(begin + share * max(wide - length, 0.0))
            yield number, start, start + length

    def times(self, number: int, start: UTCDateTime, end: UTCDateTime) -> list[UTCDateTime]:
        """Return possible origin times of a block, on whole seconds after its start."""
        from ..synthetic._random import OFFSET, generator  # here: it loads matplotlib

        jitter = generator(self.seed, OFFSET, number, "times").uniform(0.0, self.spacing)
        last = (end - start) - self.after
        seconds = np.floor(np.arange(self.before + jitter, last, self.spacing))
        return [start + float(s) for s in seconds]


def detected(
    stream: Stream,
    start: UTCDateTime,
    end: UTCDateTime,
    network: Network,
    settings: Settings,
    stations: Sequence[Iterable[str]],
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """Run the detection of :func:`process_day` over records.

    Returns
    -------
    detections : list of DataFrame
        Those of each set of stations.
    monitoring : DataFrame
        Of all stations.
    """
    quiet = replace(settings, data=replace(settings.data, measured=""))  # detection alone
    shelf = cast(Archive, Shelf(stream))
    channels = [
        process_channel(shelf, name, start, end, quiet, None)
        for name in dict.fromkeys(trace.id for trace in stream)
    ]
    triggers = tables.TRIGGERS.concat(c.triggers for c in channels)
    monitoring = tables.MONITORING.concat(c.monitoring for c in channels)
    out = []
    for wanted in stations:
        names = set(wanted)
        mine = [_of(frame, names) for frame in (triggers, monitoring)]
        found = detect_network(mine[0], mine[1], settings, network, start)
        out.append(found[found["veto"] == ""].reset_index(drop=True))
    return out, monitoring


def _of(frame: pd.DataFrame, names: set[str]) -> pd.DataFrame:
    mine = frame["trace_id"].map(tables.station_of).isin(names)
    return frame[mine.astype(bool)].reset_index(drop=True)


def make_block(
    read: Read,
    number: int,
    start: UTCDateTime,
    end: UTCDateTime,
    layout: Layout,
    network: Network,
    settings: Settings,
    sets: Sequence[Iterable[str]],
) -> Block:
    """Read a stretch of noise and say where nothing happens in it by itself.

    A slot is busy where the noise alone gives a detection, with any of the sets of stations.
    """
    raw = half_open(read(start, end), start, end)
    noise = sound_pieces(raw, check_waveforms(raw)) if len(raw) else Stream()
    if not len(noise):
        return Block(start, end, noise, ())
    finds, monitoring = detected(noise, start, end, network, settings, sets)
    found = pd.concat(finds)
    heard = monitoring[monitoring["state"] == "monitored"]
    heard = heard.assign(station=heard["trace_id"].map(tables.station_of))
    slots = []
    for time in layout.times(number, start, end):
        low, high = as_timestamp(time - layout.before), as_timestamp(time + layout.after)
        covered = heard[(heard["starttime"] <= as_timestamp(time)) & (heard["endtime"] >= high)]
        busy = ((found["starttime"] <= high) & (found["endtime"] >= low)).any()
        slots.append(Slot(time, frozenset(covered["station"]), bool(busy)))
    return Block(start, end, noise, tuple(slots))


@dataclass(frozen=True)
class Stage:
    """Where and when events are planted."""

    blocks: tuple[Block, ...]
    trials: tuple[tuple[int, Slot], ...]
    alive: tuple[str, ...]
    excluded: int


def stage_of(
    read: Read,
    layout: Layout,
    network: Network,
    settings: Settings,
    living: set[str],
    n: int,
    notes: list[str],
) -> Stage:
    """Choose quiet moments at which all living stations listen."""
    sets = [set(network.station_codes)]
    if living != sets[0]:
        sets.append(living)
    blocks: list[Block] = []
    chosen: list[tuple[int, Slot]] = []
    alive: set[str] = set()
    for number, start, end in layout.blocks(n):
        blocks.append(make_block(read, number, start, end, layout, network, settings, sets))
        alive = _alive(blocks, living)
        chosen = [
            (i, slot)
            for i, block in enumerate(blocks)
            for slot in block.slots
            if alive and alive <= slot.listening and not slot.busy
        ]
        if len(chosen) >= n:
            break
    count = sum(len(block.slots) for block in blocks)
    if not chosen:
        raise WaveformError(
            f"no quiet moment among the {count} tried between {layout.starttime} and "
            f"{layout.endtime} at which the stations {', '.join(sorted(alive or living))} all "
            "listen; give a longer or quieter span, or leave the station with gaps out (without=)"
        )
    for key in sorted(living - alive):
        notes.append(f"{key} taken as dead: it listened less than half of the time")
    if len(chosen) < n:
        notes.append(
            f"only {len(chosen)} of the n={n} earthquakes wanted fit into the quiet moments of "
            "the noise; give a longer span for narrower intervals"
        )
    return Stage(
        tuple(blocks), tuple(chosen[:n]), tuple(k for k in network.station_codes if k in alive),
        count - len(chosen),
    )  # fmt: skip


def _alive(blocks: list[Block], living: set[str]) -> set[str]:
    slots = [slot for block in blocks for slot in block.slots]
    return {k for k in living if 2 * sum(k in slot.listening for slot in slots) > len(slots)}
