"""Repeats of known events: templates sought in a continuous record."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from ..errors import ParameterError
from ..provenance import log_step, note
from ..tables import REPEATS
from ..times import TimeLike, as_utc
from ._engine import Running, restated, running_correlation
from ._prepare import Prepared, WaveformSource, as_source, days, position
from ._threshold import Threshold, deviations
from .templates import Template

logger = logging.getLogger("paektuseis.similarity")
MEMORY = 1_200_000_000
"""Bytes of correlation values held at a time: more templates than fit are taken in turns."""


@dataclass(frozen=True)
class _Peak:
    template: Template
    ns: int
    row: dict[str, Any]


def match_templates(
    stream: Any,
    templates: Any,
    *,
    threshold: str | float = "9*mad",
    min_separation: float | None = None,
    min_channels: int = 1,
    merge: bool = False,
    subsample: bool = False,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    problems: list[str] | None = None,
) -> pd.DataFrame:
    r"""Find where templates come back in a record.

    Parameters
    ----------
    stream : Stream, Trace or Archive
        The record as it was read: it is prepared (filter, rate) as each template says. A trace
        that this library has filtered to that very band already is taken as it is.
    templates : Template, or sequence of Template
        From :func:`make_templates`. A Stream, or a mapping of name to Stream, is taken as it is
        (:meth:`Template.from_stream`): no filter is applied to the record either.
    threshold : str or float, optional
        A correlation (above 0, up to 1), or a multiple of the median absolute deviation of the
        template's correlation over each UTC day of the span: ``"9*mad"``. It must be exceeded.
    min_separation : float, optional
        A repeat is the largest correlation within this many seconds on either side; by default
        the length of the template.
    min_channels : int, optional
        Channels that must have a record.
    merge : bool, optional
        Where several templates find an event within ``min_separation`` keep the one with the
        largest correlation only.
    subsample : bool, optional
        Refine the time by a parabola through the three largest values.
    starttime, endtime : UTCDateTime or str, optional
        Span the templates' start is sought in, the end not included; by default all there is.
    problems : list of str, optional
        Collects what could not be done.

    Returns
    -------
    DataFrame
        ``tables.REPEATS``, by time. ``correlation`` is the mean over the ``n_channels`` channels
        that had a record; ``relative_magnitude`` is log10 of the factor by which the template
        fits the record best (least squares over those channels).

    Raises
    ------
    ParameterError
        If an option is out of range or there is no template.
    WaveformError
        If record and template differ in sampling rate.

    Notes
    -----
    For a template :math:`y` and a window :math:`x` of one channel, both without their means,
    :math:`c = \sum x y / \sqrt{\sum x^2 \sum y^2}`; the value at a time is the mean of
    :math:`c` over channels at their moveout. Windows never cross a gap or the settling of the
    filter after one; a channel whose samples stand still is left out. The same events come out
    however a span is divided at midnights, and for a fixed threshold anywhere.

    References
    ----------
    Gibbons, S. J. and Ringdal, F. (2006). The detection of low magnitude seismic events using
    array-based waveform correlation. Geophysical Journal International 165, 149-166.

    Shelly, D. R., Beroza, G. C. and Ide, S. (2007). Non-volcanic tremor and low-frequency
    earthquake swarms. Nature 446, 305-307.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=6000)
    >>> wave = 9 * np.sin(np.arange(200) / 4) * np.hanning(200)
    >>> noise[1000:1200] += wave
    >>> noise[4000:4200] += wave
    >>> tr = Trace(noise, {"sampling_rate": 50.0})
    >>> found = match_templates(tr, Stream([tr.slice(UTCDateTime(20), UTCDateTime(24))]))
    >>> [str(t) for t in found["time"].dt.time]
    ['00:00:20', '00:01:20']
    """
    limit = Threshold.parse(threshold)
    known = as_templates(templates)
    if min_separation is not None and not (np.isfinite(min_separation) and min_separation > 0):
        raise ParameterError(f"min_separation={min_separation} s; give a positive time")
    _require_channels(min_channels)
    notes = problems if problems is not None else []
    peaks: list[_Peak] = []
    for part in _parts(stream, known, min_separation, starttime, endtime, min_channels, notes):
        for i, template in enumerate(part.templates):
            peaks += _peaks(part, i, template, limit, min_separation, subsample, notes)
    peaks.sort(key=lambda p: (p.ns, p.template.name))
    if merge:
        peaks = _merged(peaks, min_separation)
    return REPEATS.frame(p.row for p in peaks)


def correlation_series(
    stream: Any,
    templates: Any,
    *,
    min_channels: int = 1,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> Stream:
    """Return the running correlation of templates with a record.

    Parameters
    ----------
    stream, templates, min_channels, starttime, endtime
        As in :func:`match_templates`.

    Returns
    -------
    Stream
        Traces (float64, unit ``"correlation"``) named by the template in ``stats.station``; the
        sample at a time is the correlation with the template's start there. Where there is none
        (a gap, too few channels) there is a gap, and at each midnight a new trace.

    Raises
    ------
    ParameterError, WaveformError
        As in :func:`match_templates`.
    """
    _require_channels(min_channels)
    known = as_templates(templates)
    out = Stream()
    for part in _parts(stream, known, 0.0, starttime, endtime, min_channels, []):
        for i, template in enumerate(part.templates):
            values = part.running.values[i]
            edges = np.flatnonzero(np.diff(np.isfinite(values), prepend=False, append=False))
            for a, b in edges.reshape(-1, 2):
                at = restated(
                    part.prepared, template, part.running.first + int(a), anchor_ns=part.anchor_ns
                )
                if at is None:
                    continue
                header = {
                    "station": template.name,
                    "sampling_rate": template.sampling_rate,
                    "starttime": UTCDateTime(ns=at.ns),
                }
                trace = Trace(values[a:b].astype(np.float64), header)
                note(trace, units="correlation")
                out.append(log_step(trace, f"correlation with template {template.name!r}"))
    return out


def as_templates(templates: Any) -> list[Template]:
    """Return a list of templates from whatever stands for some."""
    if isinstance(templates, Template):
        found = [templates]
    elif isinstance(templates, Trace):
        found = [Template.from_stream(Stream([templates]))]
    elif isinstance(templates, Stream):
        found = [Template.from_stream(templates)]
    elif isinstance(templates, Mapping):
        found = [
            t if isinstance(t, Template) else Template.from_stream(t, name=str(name))
            for name, t in templates.items()
        ]
    elif isinstance(templates, Sequence) and not isinstance(templates, str):
        found = [
            t if isinstance(t, Template) else Template.from_stream(t, name=f"template-{i + 1}")
            for i, t in enumerate(templates)
        ]
    else:
        found = []
    if not found:
        raise ParameterError(
            f"no template in a {type(templates).__name__}; give what make_templates returns"
        )
    names = [t.name for t in found]
    if len(set(names)) < len(names):
        twice = sorted({n for n in names if names.count(n) > 1})
        raise ParameterError(f"templates {twice} bear one name; give each its own")
    return found


@dataclass(frozen=True)
class _Part:
    """A day of some templates of one preparation and rate, with margins on both sides."""

    prepared: Prepared
    templates: list[Template]
    running: Running
    anchor_ns: int
    first: int  # grid samples of the day itself, without margins
    last: int


def _parts(
    data: Any,
    templates: list[Template],
    separation: float | None,
    starttime: TimeLike | None,
    endtime: TimeLike | None,
    min_channels: int,
    problems: list[str],
) -> Iterator[_Part]:
    source = as_source(data)
    ids = sorted({k for t in templates for k in t.data})
    start, end = _span(source, ids, starttime, endtime)
    for anchor, begin, until in days(start, end):
        for alike in _alike(templates):
            prep, rate = alike[0].preparation, alike[0].sampling_rate
            margin = max(t.length for t in alike) if separation is None else separation
            lead, tail = prep.lead(rate)
            extent = max(t.extent for t in alike)
            wanted = sorted({k for t in alike for k in t.data})
            record = source.read(
                wanted,
                UTCDateTime(ns=begin) - margin - lead - 2 / rate,
                UTCDateTime(ns=until) + margin + extent + tail + 2 / rate,
            )
            prepared = prep.apply(record)
            if not any(prepared.segments.values()):
                problems.append(f"{UTCDateTime(ns=begin).date}: no record of {wanted}")
                continue
            first = int(np.ceil(position(begin, anchor, rate) - 1e-3))
            last = int(np.ceil(position(until, anchor, rate) - 1e-3))
            wide = int(np.ceil(margin * rate)) + 1
            room = max(MEMORY // (6 * (last - first + 2 * wide)), 1)
            turns = -(-len(alike) // room)
            share = -(-len(alike) // turns)
            for i in range(0, len(alike), share):
                some = alike[i : i + share]
                running = running_correlation(
                    prepared,
                    some,
                    anchor_ns=anchor,
                    first=first - wide,
                    last=last + wide,
                    min_channels=min_channels,
                )
                yield _Part(prepared, some, running, anchor, first, last)


def _alike(templates: list[Template]) -> list[list[Template]]:
    """Sort templates into groups the record is prepared for alike."""
    groups: dict[Any, list[Template]] = {}
    for t in templates:
        groups.setdefault((t.preparation, t.sampling_rate), []).append(t)
    return list(groups.values())


def _span(
    source: WaveformSource, ids: list[str], starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[int, int]:
    if starttime is None or endtime is None:
        low, high = source.span(ids)  # type: ignore[attr-defined]
        start = int(low.ns) - 1_000_000_000 if starttime is None else 0
        end = int(high.ns) + 1 if endtime is None else 0
    if starttime is not None:
        start = int(as_utc(starttime, name="starttime").ns)
    if endtime is not None:
        end = int(as_utc(endtime, name="endtime").ns)
    if end <= start:
        raise ParameterError(f"endtime={endtime} is not after starttime={starttime}")
    return start, end


def _peaks(
    part: _Part,
    i: int,
    template: Template,
    limit: Threshold,
    separation: float | None,
    subsample: bool,
    problems: list[str],
) -> Iterator[_Peak]:
    running, rate = part.running, template.sampling_rate
    own = slice(part.first - running.first, part.last - running.first)
    values, channels = running.values[i], running.channels[i]
    mads = deviations(values[own], channels[own], template.npts)
    if not mads:
        day = UTCDateTime(ns=part.anchor_ns).date
        problems.append(f"template {template.name}: no window of record on {day}")
        return
    limits = {n: limit.of(mad) for n, mad in mads.items()}
    least = min(limits.values())
    if least >= 1:
        problems.append(
            f"template {template.name}: {limit.text} is {least:.2f} on "
            f"{UTCDateTime(ns=part.anchor_ns).date}; nothing can exceed it"
        )
    apart = max(round((template.length if separation is None else separation) * rate), 1)
    for at in _summits(values, least, apart):
        if not own.start <= at < own.stop:
            continue
        found = restated(part.prepared, template, running.first + at, anchor_ns=part.anchor_ns)
        n = int(channels[at])
        if found is None or not found.correlation > limits[n]:
            continue
        late = _vertex(values, at) / rate if subsample else 0.0
        ns = found.ns + round(late * 1e9)
        row = {
            "template": template.name,
            "time": UTCDateTime(ns=ns),
            "correlation": found.correlation,
            "threshold": limits[n],
            "mad": mads[n],
            "n_channels": found.n_channels,
            "relative_magnitude": found.relative_magnitude,
            "method": limit.text,
        }
        yield _Peak(template, ns, row)


def _summits(values: NDArray[np.float32], least: float, apart: int) -> list[int]:
    """Return where values exceed a limit and none within ``apart`` samples is larger.

    Of equal values the first counts. Nothing outside that neighbourhood has a say, so that the
    answer does not depend on where a record was cut.
    """
    with np.errstate(invalid="ignore"):
        # a hair below, for the values kept here are single precision
        places = np.flatnonzero(values > np.float32(least - 1e-6))
    if not places.size:
        return []
    high = values[places]
    low_end = np.searchsorted(places, places - apart)
    high_end = np.searchsorted(places, places + apart, side="right")
    # the largest of runs first: most samples of a peak fall to their neighbour
    before = np.flatnonzero(
        (np.r_[np.float32(-2), high[:-1]] < high) | (np.diff(places, prepend=-2) > 1)
    )
    keep = [
        k
        for k in before
        if k + 1 == high.size or places[k + 1] > places[k] + 1 or high[k + 1] <= high[k]
    ]
    out = []
    for k in keep:
        around = high[low_end[k] : high_end[k]]
        if around.argmax() + low_end[k] == k:
            out.append(int(places[k]))
    return out


def _vertex(values: NDArray[np.float32], at: int) -> float:
    """Return where a parabola through a summit and its neighbours is largest, in samples."""
    if at == 0 or at + 1 == values.size:
        return 0.0
    a, b, c = (float(v) for v in values[at - 1 : at + 2])
    bend = a - 2 * b + c
    if not (np.isfinite(bend) and bend < 0):
        return 0.0
    return float(np.clip((a - c) / (2 * bend), -0.5, 0.5))


def _merged(peaks: list[_Peak], separation: float | None) -> list[_Peak]:
    """Keep of peaks of different templates that lie close the one of the largest correlation."""
    ns = np.array([p.ns for p in peaks])
    values = np.array([p.row["correlation"] for p in peaks])
    out = []
    for k, peak in enumerate(peaks):
        apart = peak.template.length if separation is None else separation
        low, high = np.searchsorted(ns, [peak.ns - apart * 1e9, peak.ns + apart * 1e9 + 1])
        if low + int(values[low:high].argmax()) == k:
            out.append(peak)
    return out


def _require_channels(min_channels: int) -> None:
    if isinstance(min_channels, bool) or int(min_channels) != min_channels or min_channels < 1:
        raise ParameterError(f"min_channels={min_channels}; give a whole number of 1 or more")
