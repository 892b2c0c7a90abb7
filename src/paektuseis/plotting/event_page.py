"""One page for an event: who saw it and when, what it is made of, how large it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from obspy import Inventory, Stream, Trace, UTCDateTime

from .._language import plural, translate
from ..errors import ParameterError
from ..provenance import is_synthetic
from ..tables import TRIGGERS, station_of
from ..times import TimeLike, as_timestamp
from ..types import Spectrogram, Spectrum
from ._envelope import as_traces, by_id, span_of
from ._event_panels import (
    draw_hypocentre,
    draw_map,
    draw_motion,
    draw_spectrogram,
    draw_spectrum,
    draw_traces,
    finite,
    write_amplitudes,
    write_measures,
    write_verdict,
)
from ._pages import (
    header,
    instant_text,
    new_page,
    one_row,
    panel,
    time_of,
    volcano_name,
    words_panel,
)
from ._stations import coordinates_text, distances, event_point, reference_of
from ._style import safe_text, words_of
from .source_fit import plot_source_fit


def event_summary(
    stream: Stream | Trace,
    *,
    event: Any = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    triggers: pd.DataFrame | None = None,
    attributes: pd.DataFrame | None = None,
    amplitudes: pd.DataFrame | None = None,
    picks: pd.DataFrame | None = None,
    origin: Any = None,
    samples: pd.DataFrame | None = None,
    magnitudes: pd.DataFrame | None = None,
    classification: Any = None,
    fit: Any = None,
    motion: Stream | None = None,
    network: Any = None,
    inventory: Inventory | None = None,
    spectrogram: Spectrogram | None = None,
    spectrum: Spectrum | None = None,
    best_trace_id: str | None = None,
    bands: Sequence[tuple[float, float]] = ((1.0, 2.0), (10.0, 20.0)),
    freqmin: float | Literal["detector"] | None = "detector",
    title_note: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw a page for one event: traces, spectrogram, spectrum, map, measures, and what it was.

    Results that are given are drawn as they are; a spectrogram and a spectrum
    (with the noise before the event) of the best channel are computed from the
    stream where none is given.

    Parameters
    ----------
    stream : Stream or Trace
        Records around the event. Not changed.
    event : mapping, Series or DataFrame of one row, optional
        Row of a table of events or of detections.
    starttime, endtime : UTCDateTime or str, optional
        Span of the traces; by default 15 s before to 30 s after the event, or
        all there is.
    triggers : DataFrame, optional
        Table of triggers, marked on their channels.
    attributes, amplitudes : DataFrame, optional
        Measures, written in words: those of the best channel, and the amplitude of each.
    picks : DataFrame, optional
        Arrivals (``tables.PICKS``), marked on the channels.
    origin : mapping, Series or DataFrame of one row, optional
        Row of ``tables.ORIGINS``: drawn with its uncertainty on a map and a section.
    samples : DataFrame, optional
        Draws from the posterior of the hypocentre: ``latitude``, ``longitude``, ``depth_km``.
    magnitudes : DataFrame, optional
        Rows of ``tables.MAGNITUDES``, written in words.
    classification : mapping, Series or DataFrame of one row, optional
        Row of ``tables.CLASSES``: the class, its margin and the reason are written.
    fit : SourceFit, optional
        Displacement spectrum with the fitted model, drawn in place of the amplitude spectrum.
    motion : Stream, optional
        The three components of the best channel's station, for the particle motion of P.
    network : Network, optional
        For distances, the map and the name of the volcano.
    inventory : Inventory, optional
        For positions where there is no network.
    spectrogram : Spectrogram, optional
    spectrum : Spectrum, optional
        Of the signal at the best channel.
    best_trace_id : str, optional
        Channel drawn large; by default the one the event names, else the one
        with the largest trigger, else the one that stands out most.
    bands : sequence of (float, float)
        Bands shaded in the spectrum, by default those of the frequency index.
    freqmin : float or "detector", optional
        The traces are high-passed here (Hz) unless they already are, which the
        panel says; ``None`` draws them as they are. By default the lowest
        corner of the triggers shown, so that the page shows what the detector
        saw; 1 Hz where there is none.
    title_note : str, optional
        A line for the head of the page.
    synthetic : bool
        Write SYNTHETIC over the page; also done where the inventory, the
        network or the note say so.

    Returns
    -------
    matplotlib.figure.Figure
        A4, upright.

    Raises
    ------
    ParameterError
        If the event is no single row, the best channel is not in the stream or
        the span is empty.
    WaveformError
        If there is no sample to draw.
    """
    traces = as_traces(stream)
    groups = by_id(traces)
    row = one_row(event)
    if triggers is not None:
        triggers = TRIGGERS.check(triggers)
    onset, until = time_of(row, "time", "starttime"), time_of(row, "endtime")
    start, end = _span(traces, onset, until, starttime, endtime)
    best = _best(groups, row, triggers, best_trace_id, start, end)
    source = network if network is not None else inventory
    located = one_row(origin)
    if event_point(located) is not None:
        row = {**row, "latitude": located["latitude"], "longitude": located["longitude"]}
    figure = new_page()
    _head(figure, row, onset, (start, end), groups, network, inventory, title_note, synthetic)
    known = distances(source)
    understood = any(x is not None for x in (picks, origin, magnitudes, classification, motion))
    high = 83.0 if understood else 106.0
    draw_traces(
        panel(figure, 32, 36, 146, high), groups, source, event_point(row), triggers, picks,
        onset, start, end, freqmin,
    )  # fmt: skip
    top = 135.0 if understood else 161.0
    tall = 34.0 if understood else 42.0
    draw_spectrogram(panel(figure, 22, top, 84, tall), groups[best], spectrogram, onset, start, end)
    beside = panel(figure, 142, top, 56, tall)
    if fit is not None:
        plot_source_fit(fit, ax=beside)
    else:
        draw_spectrum(beside, groups[best], spectrum, bands, onset, until)
    if not understood:
        draw_map(panel(figure, 22, 221, 74, 55), source, groups, row)
        words = panel(figure, 106, 221, 92, 66)
        words_panel(words, translate("measures at {channel}", channel=safe_text(best)))
        write_measures(words, row, attributes, amplitudes, best, known, set(groups))
        return figure
    draw_hypocentre(
        panel(figure, 22, 188, 52, 40), panel(figure, 90, 188, 44, 40), source, groups, located,
        samples,
    )  # fmt: skip
    draw_motion(
        (panel(figure, 141, 190, 26, 30), panel(figure, 174, 190, 26, 30)), motion, best, picks,
        onset, located,
    )  # fmt: skip
    said = panel(figure, 14, 244, 184, 14)
    words_panel(said, translate("what it was"))
    write_verdict(said, located, magnitudes, classification)
    for left, what in ((14.0, attributes), (110.0, amplitudes)):
        place = panel(figure, left, 263, 90, 26)
        if left < 50:
            words_panel(place, translate("measures at {channel}", channel=safe_text(best)))
            write_measures(place, row, what, None, best, known, set(groups))
        else:
            words_panel(place, translate("amplitudes"))
            write_amplitudes(place, what, known, set(groups))
    return figure


def _span(
    traces: list[Trace],
    onset: UTCDateTime | None,
    until: UTCDateTime | None,
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> tuple[UTCDateTime, UTCDateTime]:
    from ._time import check_span

    first, last = span_of(traces)
    if onset is not None:
        if not first <= onset <= last:
            raise ParameterError(
                f"the event at {onset} lies outside the records ({first} to {last}); "
                "cut the records around it"
            )
        first = max(first, onset - 15.0)
        last = min(last, max(until or onset, onset + 15.0) + 30.0)
    return check_span(starttime, endtime, first, last)


def _best(
    groups: dict[str, list[Trace]],
    row: dict[str, Any],
    triggers: pd.DataFrame | None,
    asked: str | None,
    start: UTCDateTime,
    end: UTCDateTime,
) -> str:
    if asked is not None:
        if asked not in groups:
            raise ParameterError(
                f"best_trace_id={asked!r} is not in the stream; it holds {sorted(groups)}"
            )
        return asked
    named = str(row.get("best_trace_id", "") or "")
    if named in groups:
        return named
    if triggers is not None:
        shown = (triggers["endtime"] >= as_timestamp(start)) & (
            triggers["starttime"] <= as_timestamp(end)
        )
        rows = triggers[triggers["trace_id"].isin(list(groups)) & shown]
        if len(rows) and rows["peak_ratio"].notna().any():
            return str(rows["trace_id"].iloc[int(rows["peak_ratio"].argmax())])

    def prominence(key: str) -> float:
        from ._envelope import outline

        _, values = outline(groups[key], start, end, 400)
        values = np.abs(values[np.isfinite(values)] - np.median(values[np.isfinite(values)]))
        middle = float(np.median(values)) if len(values) else 0.0
        return float(values.max()) / middle if middle > 0 else 0.0

    return max(groups, key=prominence)


def _head(
    figure: Figure,
    row: dict[str, Any],
    onset: UTCDateTime | None,
    span: tuple[UTCDateTime, UTCDateTime],
    groups: dict[str, list[Trace]],
    network: Any,
    inventory: Inventory | None,
    note: str,
    synthetic: bool,
) -> None:
    volcano = volcano_name(network)
    if onset is not None:
        title = translate("event of {time} UTC", time=instant_text(onset))
    else:
        title = translate(
            "records of {first} to {last} UTC",
            first=instant_text(span[0]),
            last=instant_text(span[1], date=False),
        )
    facts = [safe_text(row["event_id"])] if row.get("event_id") else []
    if finite(row.get("duration")):
        facts.append(translate("duration {seconds:.1f} s", seconds=float(row["duration"])))
    if finite(row.get("n_stations")):
        facts.append(plural("{n} station", "{n} stations", int(row["n_stations"])))
    if finite(row.get("peak_ratio")):
        facts.append(translate("largest ratio {ratio:.1f}", ratio=float(row["peak_ratio"])))
    detectors = row.get("detectors", row.get("detector"))
    if detectors is not None and len(detectors):
        names = [detectors] if isinstance(detectors, str) else list(detectors)
        listed = ", ".join(words_of(n) for n in names)
        facts.append(
            translate("detectors {names}", names=listed)
            if len(names) > 1
            else translate("detector {name}", name=listed)
        )
    flags = row.get("flags")
    if flags is not None and len(flags):
        more = translate(" and {n} more", n=len(flags) - 1) if len(flags) > 1 else ""
        facts.append(translate("flag {name}{more}", name=words_of(flags[0]), more=more))
    if not row:
        stations = {station_of(i) for i in groups}
        facts.append(
            translate(
                "{channels} channels of {stations} stations; no event was given",
                channels=len(groups),
                stations=len(stations),
            )
        )
    point, reference = event_point(row), reference_of(network)
    where = volcano or translate("volcano not named")
    if point is not None:
        where += translate(" · source {position}", position=coordinates_text(*point))
    elif reference is not None:
        where += translate(
            " · not located; distances from {position}", position=coordinates_text(*reference)
        )
    header(
        figure,
        title,
        [where, " · ".join(facts)],
        synthetic=synthetic or is_synthetic(inventory, network, note),
        note=note,
    )
