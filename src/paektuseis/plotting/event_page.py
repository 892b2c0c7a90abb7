"""One page for an event: who saw it and when, what it is made of, how large it was."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import ParameterError, WaveformError
from ..tables import AMPLITUDES, ATTRIBUTES, TRIGGERS, station_of
from ..times import TimeLike, as_timestamp
from ..types import Spectrogram, Spectrum
from ._envelope import as_traces, by_id, span_of
from ._pages import (
    header,
    instant_text,
    is_synthetic,
    new_page,
    one_row,
    panel,
    quantity,
    time_of,
    words_panel,
    write_columns,
)
from ._stations import (
    coordinates_text,
    distances,
    event_point,
    reference_of,
    stations_table,
)
from ._style import RED, empty_panel, label_axes, safe_text, unit_text
from ._time import time_axis, to_days
from .maps import plot_station_map
from .spectra import plot_spectrogram, plot_spectrum
from .station_page import _for_drum, _refused
from .waveforms import band_text, plot_waveforms

log = logging.getLogger("paektuseis.plotting")
MOST_TRACES = 18
MIN_SIGNAL = 5.0  # s, shortest window of the spectrum
FI = "frequency_index"


def event_summary(
    stream: Stream | Trace,
    *,
    event: Any = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    triggers: pd.DataFrame | None = None,
    attributes: pd.DataFrame | None = None,
    amplitudes: pd.DataFrame | None = None,
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
    """Draw a page for one event: traces by distance, spectrogram, spectrum, measures, map.

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
    figure = new_page()
    _head(figure, row, onset, (start, end), groups, network, inventory, title_note, synthetic)
    _draw_traces(figure, groups, source, event_point(row), triggers, onset, start, end, freqmin)
    _draw_spectrogram(panel(figure, 22, 161, 84, 42), groups[best], spectrogram, onset, start, end)
    _draw_spectrum(panel(figure, 142, 161, 56, 42), groups[best], spectrum, bands, onset, until)
    _draw_map(panel(figure, 22, 221, 74, 55), source, groups, row)
    words = panel(figure, 106, 221, 92, 66)
    words_panel(words, f"measures at {safe_text(best)}")
    _write_measures(words, row, attributes, amplitudes, best, distances(source), set(groups))
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
        rows = triggers[triggers["trace_id"].isin(list(groups))]
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
    volcano = safe_text(getattr(network, "title", "") or getattr(network, "name", ""))
    title = (
        f"event of {instant_text(onset)} UTC"
        if onset is not None
        else (f"records of {instant_text(span[0])} to {instant_text(span[1], date=False)} UTC")
    )
    facts = [safe_text(row["event_id"])] if row.get("event_id") else []
    if _finite(row.get("duration")):
        facts.append(f"duration {float(row['duration']):.1f} s")
    if _finite(row.get("n_stations")):
        facts.append(f"{int(row['n_stations'])} station{'s' if row['n_stations'] != 1 else ''}")
    if _finite(row.get("peak_ratio")):
        facts.append(f"largest ratio {float(row['peak_ratio']):.1f}")
    detectors = row.get("detectors", row.get("detector"))
    if detectors is not None and len(detectors):
        names = [detectors] if isinstance(detectors, str) else list(detectors)
        facts.append(
            ("detectors " if len(names) > 1 else "detector ")
            + ", ".join(safe_text(n) for n in names)
        )
    flags = row.get("flags")
    if flags is not None and len(flags):
        more = f" and {len(flags) - 1} more" if len(flags) > 1 else ""
        facts.append(f"flag {safe_text(flags[0])}{more}")
    if not row:
        stations = {station_of(i) for i in groups}
        facts.append(f"{len(groups)} channels of {len(stations)} stations; no event was given")
    point, reference = event_point(row), reference_of(network)
    where = volcano or "volcano not named"
    if point is not None:
        where += f" · source {coordinates_text(*point)}"
    elif reference is not None:
        where += f" · not located; distances from {coordinates_text(*reference)}"
    header(
        figure,
        title,
        [where, " · ".join(facts)],
        synthetic=synthetic or is_synthetic(inventory, network, note),
        note=note,
    )


def _finite(value: Any) -> bool:
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
        return False


def _draw_traces(
    figure: Figure,
    groups: dict[str, list[Trace]],
    source: Any,
    point: tuple[float, float] | None,
    triggers: pd.DataFrame | None,
    onset: UTCDateTime | None,
    start: UTCDateTime,
    end: UTCDateTime,
    freqmin: float | Literal["detector"] | None,
) -> None:
    corner = _corner(triggers, start, end) if freqmin == "detector" else freqmin
    known = distances(source, point=point)
    ids = list(groups)
    if len(ids) > MOST_TRACES:  # all three components are too many: vertical ones first
        ids = sorted(ids, key=lambda i: (not i.endswith("Z"), known.get(station_of(i), np.inf)))
        ids = ids[:MOST_TRACES]
    drawn = [t for i in ids for t in _for_drum(groups[i], corner)]
    ax = panel(figure, 32, 36, 146, 106)
    plot_waveforms(
        Stream(drawn),
        ax=ax,
        starttime=start,
        endtime=end,
        stations=source,
        origin=point,
        triggers=triggers,
    )
    if onset is not None:
        ax.axvline(to_days(onset), color=RED, linewidth=0.8, linestyle=":", zorder=5)
    title = band_text(drawn)
    if triggers is not None:
        title += " · red: trigger, orange: its length"
    if len(ids) < len(groups):
        title += f" · {len(groups) - len(ids)} more channels not drawn"
    label_axes(ax, title=title)


def _corner(triggers: pd.DataFrame | None, start: UTCDateTime, end: UTCDateTime) -> float:
    """Return the lower corner (Hz) of the detectors that triggered in a span, else 1 Hz."""
    if triggers is None or "freqmin" not in triggers.columns or triggers.empty:
        return 1.0
    first, last = as_timestamp(start), as_timestamp(end)
    shown = triggers[(triggers["endtime"] >= first) & (triggers["starttime"] <= last)]
    lowest = shown["freqmin"].astype(float).min()
    return float(lowest) if np.isfinite(lowest) and lowest > 0 else 1.0


def _draw_spectrogram(
    ax: Axes,
    traces: list[Trace],
    given: Spectrogram | None,
    onset: UTCDateTime | None,
    start: UTCDateTime,
    end: UTCDateTime,
) -> None:
    if given is None:
        from ..spectral import spectrogram

        window = float(np.clip((end - start) / 40.0, 1.0, 10.0))
        try:
            given = spectrogram(
                Stream(traces), window=window, overlap=0.9, starttime=start, endtime=end
            )
        except (WaveformError, ParameterError) as error:
            log.info("no spectrogram: %s", error)
            _refused(ax, "no spectrogram", error)
            return
    top = min(float(given.frequencies[-1]), 30.0)
    plot_spectrogram(
        given,
        ax=ax,
        starttime=start,
        endtime=end,
        freqmax=top,
        title=f"{given.trace_id}, windows of {given.window:.3g} s",
    )
    time_axis(ax, start, end, ticks=5)
    if onset is not None:
        ax.axvline(to_days(onset), color="white", linewidth=1.0, linestyle=":", zorder=5)


def _draw_spectrum(
    ax: Axes,
    traces: list[Trace],
    given: Spectrum | None,
    bands: Sequence[tuple[float, float]],
    onset: UTCDateTime | None,
    until: UTCDateTime | None,
) -> None:
    from ..spectral import amplitude_spectrum

    record = Stream(traces)
    if given is None:
        first, last = span_of(traces)
        begin = first if onset is None else max(first, onset - 1.0)
        stop = last if onset is None else min(last, max(until or onset, onset + MIN_SIGNAL))
        try:
            given = amplitude_spectrum(record, starttime=begin, endtime=stop)
        except (WaveformError, ParameterError) as error:
            log.info("no spectrum: %s", error)
            _refused(ax, "no spectrum", error)
            return
    spectra, labels = [given], ["event"]
    if onset is not None and not given.is_power:
        length = float(given.endtime - given.starttime)
        begin = max(min(t.stats.starttime for t in traces), onset - 2.0 - length)
        if onset - 2.0 - begin >= 0.5 * length and given.trace_id == traces[0].id:
            try:
                noise = amplitude_spectrum(record, starttime=begin, endtime=onset - 2.0)
            except (WaveformError, ParameterError) as error:
                log.info("no spectrum of the noise before the event: %s", error)
            else:
                if noise.units == given.units:
                    spectra.append(noise)
                    labels.append(f"noise before, {noise.endtime - noise.starttime:.0f} s")
    top = min(float(given.frequencies[-1]), 30.0)
    shown = [b for b in bands if b[0] < top]
    plot_spectrum(
        spectra,
        ax=ax,
        labels=labels,
        bands=shown,
        linewidth=0.7,
        freqmin=max(2.0 / max(given.window, 1e-3), 0.1),
        freqmax=top,
    )
    title = f"{given.statistic}, {given.endtime - given.starttime:.0f} s"
    label_axes(ax, y=unit_text(given.units) if not given.is_power else None, title=title)


def _draw_map(ax: Axes, source: Any, groups: dict[str, list[Trace]], row: dict[str, Any]) -> None:
    if source is None:
        empty_panel(ax, "no positions were given")
        return
    table = stations_table(source)
    keys = {station_of(i) for i in groups}
    here = table[(table["network"] + "." + table["station"]).isin(keys)]
    if here.empty:
        empty_panel(ax, "no station of these records\nhas a known position")
        return
    plot_station_map(
        source.select(
            sorted(f"{n}.{s}" for n, s in zip(here["network"], here["station"], strict=True))
        )
        if hasattr(source, "caldera")
        else here,
        ax=ax,
        event=row,
        places=False,
    )


def _write_measures(
    ax: Axes,
    row: dict[str, Any],
    attributes: pd.DataFrame | None,
    amplitudes: pd.DataFrame | None,
    best: str,
    known: dict[str, float],
    drawn: set[str],
) -> None:
    rows: list[list[str]] = []
    if attributes is not None:
        table = ATTRIBUTES.check(attributes)
        for one in table[table["trace_id"] == best].to_dict("records"):
            rows.append(
                [
                    safe_text(str(one["attribute"]).replace("_", " ")),
                    quantity(one["value"], str(one["units"])),
                    f"{one['freqmin']:.3g}–{one['freqmax']:.3g} Hz",
                ]
            )
    else:
        for name, units in (("dominant_frequency", "Hz"), (FI, "")):
            if _finite(row.get(name)):
                rows.append([name.replace("_", " "), quantity(row[name], units), ""])
    if not rows:
        rows.append(["no attribute was given", "", ""])
    used = write_columns(ax, rows[:9], [0.0, 38.0, 66.0], head=("measure", "value", "band"))
    if amplitudes is None:
        return
    table = AMPLITUDES.check(amplitudes)
    lines = [
        (
            (a["trace_id"] not in drawn, known.get(station_of(a["trace_id"]), np.inf)),
            [
                safe_text(a["trace_id"]),
                quantity(a["value"], str(a["units"])),
                safe_text(str(a["statistic"]).replace("_", " ")),
            ],
        )
        for a in table.to_dict("records")
    ]
    lines.sort(key=lambda pair: (pair[0], pair[1][0]))
    position = ax.get_position()
    top = position.y1 - (used + 2) * 3.7 / 297.0
    below = ax.figure.add_axes((position.x0, position.y0, position.width, top - position.y0))
    below.set_axis_off()
    room = max(int(((top - position.y0) * 297.0 - 1.0) // 3.7) - 1, 1)
    shown = [cells for _, cells in lines]
    if len(shown) > room:
        shown = [*shown[: room - 1], [f"and {len(shown) - room + 1} more channels", "", ""]]
    write_columns(below, shown, [0.0, 38.0, 66.0], head=("channel", "amplitude", "statistic"))
