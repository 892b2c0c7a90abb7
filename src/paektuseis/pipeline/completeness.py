"""What a network can see: earthquakes of known size planted in its own noise, and sought."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from obspy import Inventory, Stream, UTCDateTime

from .. import tables
from ..catalog._columns import nanoseconds
from ..config import Settings
from ..errors import MetadataError, ParameterError
from ..io import Archive
from ..network import Network
from ..times import TimeLike
from ..types import CompletenessMap, FloatArray, Progress
from ._blocks import Layout, Stage, detected, stage_of
from ._completeness_tables import completeness_table, detectability_table, trials_table
from ._noise import channels_of, names_of, places_of, source_of
from ._planting import Mechanism, Place, Planter, mechanisms, plant

log = logging.getLogger("paektuseis.pipeline")

LONGEST_ARRIVAL = 60.0
"""Seconds after the origin by which S must be at every station: the reach of the method."""
DEFAULT_MAGNITUDES = tuple(-1.0 + 0.5 * i for i in range(7))
APART = 3600.0
"""Seconds of gap between records that are sought together."""


def completeness_map(
    network: Network,
    noise: Stream | Archive,
    *,
    magnitudes: ArrayLike = DEFAULT_MAGNITUDES,
    grid: int | pd.DataFrame = 5,
    depth_km: float = 3.0,
    settings: Settings | None = None,
    stations: str | Sequence[str] | None = None,
    without: str | Sequence[str] = (),
    inventory: Inventory | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    n: int = 40,
    spacing: float = 120.0,
    tolerance: float = 5.0,
    n_mechanisms: int = 5,
    stress_drop: float = 3.0,
    confidence: float = 0.95,
    seed: int = 1,
    threads: int = 1,
    problems: list[str] | None = None,
    progress: Progress | None = None,
) -> CompletenessMap:
    """Tell which earthquakes a network can see, by planting some in its noise.

    Volcano-tectonic earthquakes of known moment magnitude are added to real records and
    the detection of :func:`process_day` is run over the sum. Nothing is assumed about noise or
    detector; the earthquakes are assumed (:mod:`paektuseis.synthetic`).

    Parameters
    ----------
    network : Network
        Stations with elevations, and a velocity model.
    noise : Stream or Archive
        Real records, not filtered: counts (then ``inventory`` is needed) or ground velocity in
        m/s. What happened in them by itself is left out.
    magnitudes : array_like, shape (m,), optional
        Moment magnitudes to plant, rising.
    grid : int or DataFrame, optional
        Places on a side of a grid about the stations, or a table with ``latitude``,
        ``longitude``, and if wished ``depth_km`` and ``place``.
    depth_km : float, optional
        Of the sources below sea level.
    settings : Settings, optional
        The detectors.
    stations : str or sequence of str, optional
        Patterns as of :meth:`Network.select`: the stations asked about; by default all that
        have records.
    without : str or sequence of str, optional
        Patterns of stations to be taken as dead.
    inventory : Inventory, optional
        Responses of the channels, for noise in counts.
    starttime, endtime : UTCDateTime or str, optional
        Span of the noise; by default all of it.
    n : int, optional
        Earthquakes of each magnitude at each place. Of 36 or more, all must be found for 90 %
        to be sure with 95 % confidence.
    spacing : float, optional
        Seconds from one planted earthquake to the next; long enough for the long windows of
        the detectors to forget.
    tolerance : float, optional
        A detection counts if it begins between so many seconds before the first P and after the
        last S.
    n_mechanisms : int, optional
        Double couples (and codas), taken in turn.
    stress_drop : float, optional
        MPa.
    confidence : float, optional
        Of the intervals.
    seed : int, optional
        The same seed gives the same moments and sources, for any place, magnitude and set of
        stations, so that two results can be compared earthquake by earthquake.
    threads : int, optional
        Places computed at the same time.
    problems : list of str, optional
        Collects what was left out and why.
    progress : callable, optional
        Called as ``progress(what, done, total)``.

    Returns
    -------
    CompletenessMap

    Raises
    ------
    ParameterError
        If an option is out of range.
    MetadataError
        Without a velocity model, elevations, or a response of any station.
    NoRecordsError
        If there is no record of the stations in the span.
    WaveformError
        If the noise has no quiet moment in which all living stations listen.

    See Also
    --------
    paektuseis.magnitude_completeness : from the magnitudes of a catalogue.

    References
    ----------
    Clopper and Pearson (1934); Ringdal (1975); Schorlemmer and Woessner (2008).
    """
    settings = settings or Settings()
    sizes = _sizes(magnitudes)
    _check(n, spacing, tolerance, n_mechanisms, stress_drop, confidence, threads)
    if network.velocity is None:
        raise MetadataError(
            f"network {network.name!r} has no velocity model; add [velocity] to its profile"
        )
    notes: list[str] = []
    asked = network if stations is None else network.select(stations)
    dead = {s.key for s in asked.select(without).stations} if without else set()
    source = source_of(noise, asked, settings, starttime, endtime)
    if stations is None:
        asked = asked.select([k for k in asked.station_codes if k in source.stations])
    living = [k for k in asked.station_codes if k in source.stations and k not in dead]
    channels = channels_of(source, asked, living, inventory, notes)
    places = places_of(grid, asked, depth_km)
    planter = Planter(channels, network.velocity, seed, stress_drop)
    ends = [planter.arrivals(place) for place in places]
    reach = max(last for _, last in ends) + tolerance
    if reach > LONGEST_ARRIVAL:
        raise ParameterError(
            f"S needs {reach - tolerance:.0f} s to the farthest station; give a grid within "
            f"{LONGEST_ARRIVAL:g} s of it"
        )
    if spacing < reach + tolerance:
        raise ParameterError(
            f"spacing={spacing} s is shorter than the {reach + tolerance:.0f} s an event needs to "
            "cross the network; lengthen it"
        )
    layout = Layout(
        starttime=source.starttime,
        endtime=source.endtime,
        spacing=spacing,
        before=tolerance,
        after=reach,
        seed=seed,
    )
    stage = stage_of(
        source.read, layout, asked, settings, {c.station.key for c in channels}, n, notes
    )
    planter.channels[:] = [c for c in channels if c.station.key in stage.alive]
    run = _Run(stage, planter, asked, settings, mechanisms(n_mechanisms, seed), tolerance)
    tick = progress or (lambda what, done, total: None)
    results = []
    with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
        same = [sizes] * len(places)
        answers = (
            map(run.place, places, same) if pool is None else pool.map(run.place, places, same)
        )
        for i, answer in enumerate(answers):
            tick("places", i, len(places))
            results.append(answer)
    tick("places", len(places), len(places))
    seen = np.array(results)  # places, magnitudes, trials
    for text in notes:
        log.info("%s", text)
    if problems is not None:
        problems += list(dict.fromkeys(notes))
    names = names_of(grid, places)
    return CompletenessMap(
        detectability=detectability_table(names, places, sizes, seen > 0, confidence, stage),
        completeness=completeness_table(names, places, sizes, seen > 0, confidence, seed, stage),
        trials=trials_table(names, sizes, seen, stage),
        network=asked,
        alive=stage.alive,
        dead=tuple(k for k in asked.station_codes if k not in stage.alive),
        starttime=source.starttime,
        endtime=source.endtime,
        noise_seconds=float(sum(b.endtime - b.starttime for b in stage.blocks)),
        excluded=stage.excluded,
        method=(
            f"{len(stage.trials)} synthetic earthquakes (Brune spectrum, {stress_drop:g} MPa, "
            f"{n_mechanisms} double couples) of each magnitude at each place, added to the records "
            f"every {spacing:g} s and sought by the detectors "
            f"{', '.join(d.name for d in settings.detectors)}; exact binomial intervals of "
            f"{confidence:.0%} (Clopper and Pearson 1934)"
        ),
        seed=seed,
    )


def _sizes(magnitudes: ArrayLike) -> FloatArray:
    sizes = np.asarray(magnitudes, dtype=np.float64)
    if sizes.ndim != 1 or len(sizes) < 2 or not np.isfinite(sizes).all():
        raise ParameterError("magnitudes must be a row of at least two numbers")
    if not (np.diff(sizes) > 0).all():
        raise ParameterError(f"magnitudes={sizes.tolist()} do not rise; sort them")
    return sizes


def _check(
    n: int,
    spacing: float,
    tolerance: float,
    n_mechanisms: int,
    stress_drop: float,
    confidence: float,
    threads: int,
) -> None:
    for name, count, least in (
        ("n", n, 5),
        ("n_mechanisms", n_mechanisms, 1),
        ("threads", threads, 1),
    ):
        if int(count) != count or count < least:
            raise ParameterError(f"{name}={count}; give a whole number of at least {least}")
    for name, value in (
        ("spacing", spacing),
        ("tolerance", tolerance),
        ("stress_drop", stress_drop),
    ):
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
    if not 0.5 <= confidence < 1:
        raise ParameterError(f"confidence={confidence}; give a share from 0.5 to below 1")


@dataclass(frozen=True)
class _Run:
    """Plants the events of one magnitude at one place, and seeks them."""

    stage: Stage
    planter: Planter
    network: Network
    settings: Settings
    mechanisms: list[Mechanism]
    tolerance: float

    def place(self, place: Place, sizes: FloatArray) -> list[list[int]]:
        """Return for each magnitude and trial the number of stations of its detection, 0 for none.

        The blocks of all magnitudes are laid one after another, with a gap between them, and
        sought at once: after a gap every detector begins anew.
        """
        first, last = self.planter.arrivals(place)
        alive = set(self.stage.alive)
        stream, wanted = Stream(), []
        shift = 0.0
        for j, size in enumerate(sizes):
            signals = [self.planter.signals(place, float(size), m) for m in self.mechanisms]
            for i, block in enumerate(self.stage.blocks):
                mine = [(k, s.time) for k, (b, s) in enumerate(self.stage.trials) if b == i]
                if not mine:
                    continue
                noise = Stream([t for t in block.noise if tables.station_of(t.id) in alive])
                planted = [(time, signals[k % len(signals)]) for k, time in mine]
                start = self.origin + shift
                stream += plant(noise, planted, start - block.starttime)
                wanted += [(j, k, start + (time - block.starttime)) for k, time in mine]
                shift += math.ceil(block.endtime - block.starttime) + APART
        end = self.origin + shift
        found = detected(stream, self.origin, end, self.network, self.settings, [alive])[0][0]
        begins = nanoseconds(found["starttime"])
        out = [[0] * len(self.stage.trials) for _ in sizes]
        for j, k, time in wanted:
            low = (time + first - self.tolerance).ns
            high = (time + last + self.tolerance).ns
            hit = np.flatnonzero((begins >= low) & (begins <= high))
            if hit.size:
                out[j][k] = int(found["n_stations"].iloc[hit].max())
        return out

    @property
    def origin(self) -> UTCDateTime:
        """Begin of the time that the blocks are laid in."""
        return self.stage.blocks[0].starttime
