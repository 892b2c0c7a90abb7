"""One page for a channel: a day (or an hour) of records at a glance."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from obspy import Inventory, Stream, Trace, UTCDateTime

from .._language import plural, retell, translate
from ..errors import ParameterError, WaveformError
from ..provenance import band_of, is_synthetic, units_of
from ..times import TimeLike
from ..types import Spectrogram, Spectrum
from ._envelope import as_traces, by_id, span_of
from ._fonts import fonts
from ._pages import (
    availability_of,
    event_times,
    findings_of,
    header,
    new_page,
    panel,
    volcano_name,
    words_panel,
    write_findings,
)
from ._stations import position_text
from ._style import RED, SMALL, empty_panel, label_axes, safe_text, unit_text, words_of, write
from ._time import check_span, column_days, short_span_text, span_text
from .availability import plot_availability
from .helicorder import plot_helicorder
from .series import plot_rsam
from .spectra import plot_spectrogram, plot_spectrum
from .waveforms import band_text

log = logging.getLogger("paektuseis.plotting")
LEFT, ACROSS = 24.0, 156.0  # mm


def station_summary(
    stream: Stream | Trace,
    *,
    trace_id: str | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    events: pd.DataFrame | None = None,
    detections: pd.DataFrame | None = None,
    rsam: pd.DataFrame | None = None,
    spectrogram: Spectrogram | None = None,
    psd: Spectrum | None = None,
    quality: pd.DataFrame | None = None,
    monitoring: pd.DataFrame | None = None,
    network: Any = None,
    inventory: Inventory | None = None,
    freqmin: float | None = 1.0,
    interval: float | None = None,
    title_note: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw a page for one channel: drum record, spectrogram, RSAM, events, noise, quality.

    Results that are given are drawn as they are. What is missing is computed
    from the stream with default settings: spectrogram and power spectral
    density of the stream as given, RSAM of what the drum shows. Detections are
    not computed.

    Parameters
    ----------
    stream : Stream or Trace
        Not changed.
    trace_id : str, optional
        Channel to draw; by default the only one, else the first vertical one.
    starttime, endtime : UTCDateTime or str, optional
        Span of the page; by default that of the records.
    events, detections : DataFrame, optional
        Table of events or of detections; give one.
    rsam : DataFrame, optional
        Table of :data:`paektuseis.tables.RSAM`.
    spectrogram : Spectrogram, optional
    psd : Spectrum, optional
    quality : DataFrame, optional
        Table of :data:`paektuseis.tables.QUALITY`; by default what the reader
        found, and for raw counts what :func:`paektuseis.check_waveforms` finds.
    monitoring : DataFrame, optional
        Table of :data:`paektuseis.tables.MONITORING` (state of the channel).
    network : Network, optional
        For the position and the name of the volcano.
    inventory : Inventory, optional
        For the position where there is no network.
    freqmin : float, optional
        An unfiltered record is high-passed here (Hz) for the drum and the RSAM,
        which the page says; ``None`` draws it as it is.
    interval : float, optional
        Seconds along one line of the drum; by default chosen by the span.
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
        If the channel is not in the stream, the span is empty or both events and
        detections are given.
    WaveformError
        If there is no sample to draw.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace
    >>> noise = np.random.default_rng(1).normal(size=60_000)
    >>> page = station_summary(Trace(noise, {"sampling_rate": 100.0, "station": "A"}))
    >>> [float(round(inches, 2)) for inches in page.get_size_inches()]
    [8.27, 11.69]
    """
    if events is not None and detections is not None:
        raise ParameterError("both events and detections are given; give one of them")
    traces, trace_id = _one_channel(stream, trace_id)
    start, end = check_span(starttime, endtime, *span_of(traces))
    seen = events if events is not None else detections
    if seen is not None:
        when = column_days(event_times(seen)) if len(seen) else np.empty(0)
        inside = (when >= column_days(_as_series(start))) & (when < column_days(_as_series(end)))
        seen = seen[inside]
    drum = _for_drum(traces, freqmin)
    figure = new_page()
    _head(figure, traces, trace_id, start, end, network, inventory, title_note, synthetic)
    _draw_drum(panel(figure, LEFT, 36, ACROSS, 100), drum, start, end, seen, interval)
    ax = panel(figure, LEFT, 152, ACROSS, 36)
    _draw_spectrogram(ax, traces, spectrogram, start, end)
    _draw_rsam(panel(figure, LEFT, 194, ACROSS, 21), drum, rsam, start, end)
    _draw_timeline(
        panel(figure, LEFT, 221, ACROSS, 8.5), traces, trace_id, monitoring, seen, start, end
    )
    _draw_psd(panel(figure, LEFT, 246, 78, 30), traces, psd)
    words = panel(figure, 112, 246, 86, 40)
    words_panel(words, translate("quality"))
    write_findings(words, _quality(quality, traces, inventory))
    return figure


def _as_series(time: UTCDateTime) -> pd.Series:
    from ..times import as_timestamps

    return pd.Series(as_timestamps([time]))


def _one_channel(stream: Stream | Trace, trace_id: str | None) -> tuple[list[Trace], str]:
    groups = by_id(as_traces(stream))
    if trace_id is None:
        trace_id = next((i for i in groups if i.endswith("Z")), next(iter(groups)))
    if trace_id not in groups:
        raise ParameterError(
            f"trace_id={trace_id!r} is not in the stream; it holds {sorted(groups)}"
        )
    return groups[trace_id], trace_id


def _for_drum(traces: list[Trace], freqmin: float | None) -> list[Trace]:
    """Return the traces for the drum: as given if filtered, else high-passed."""
    low, _ = band_of(traces[0])
    nyquist = min(float(t.stats.sampling_rate) for t in traces) / 2
    if freqmin is None or (low is not None and low >= 0.5 * freqmin) or freqmin >= 0.8 * nyquist:
        return traces
    from ..processing import highpass, preprocess

    return list(highpass(preprocess(Stream(traces), taper=0.0), freq=freqmin))


def _head(
    figure: Figure,
    traces: list[Trace],
    trace_id: str,
    start: UTCDateTime,
    end: UTCDateTime,
    network: Any,
    inventory: Inventory | None,
    note: str,
    synthetic: bool,
) -> None:
    stats = traces[0].stats
    volcano = volcano_name(network)
    span = span_text(start, end)
    if end - start < 86399:
        span = short_span_text(start, end)
    position = position_text(network, trace_id) or position_text(inventory, trace_id)
    recorded = f"{stats.sampling_rate:g} Hz, {unit_text(units_of(traces[0]))}, {band_text(traces)}"
    pieces = plural("{n} piece of record", "{n} pieces of record", len(traces))
    header(
        figure,
        f"{safe_text(trace_id)} · {span} UTC",
        [
            " · ".join(t for t in (volcano, position or translate("position not known")) if t),
            f"{recorded} · {pieces}",
        ],
        synthetic=synthetic or is_synthetic(inventory, network, note),
        note=note,
    )


def _draw_drum(
    ax: Axes,
    drum: list[Trace],
    start: UTCDateTime,
    end: UTCDateTime,
    seen: pd.DataFrame | None,
    interval: float | None,
) -> None:
    plot_helicorder(
        Stream(drum), ax=ax, starttime=start, endtime=end, interval=interval, events=seen
    )
    title = translate("record, {band}", band=band_text(drum))
    if seen is not None:
        title += translate(" · triangle: event onset, orange bar: its duration")
    label_axes(ax, title=title)


def _draw_spectrogram(
    ax: Axes, traces: list[Trace], given: Spectrogram | None, start: UTCDateTime, end: UTCDateTime
) -> None:
    if given is None:
        from ..spectral import spectrogram

        span = float(end - start)
        window = min(10.0, max(span / 300.0, 2.0))
        try:
            given = spectrogram(
                Stream(traces),
                window=window,
                overlap=0.5,
                average=max(span / 900.0, window),
                starttime=start,
                endtime=end,
            )
        except (WaveformError, ParameterError) as error:
            log.info("no spectrogram: %s", error)
            _refused(ax, translate("no spectrogram"), error)
            return
    low = max(float(given.frequencies[1]), 2.0 / given.window, 0.1)
    plot_spectrogram(
        given,
        ax=ax,
        starttime=start,
        endtime=end,
        log=True,
        freqmin=low,
        title=translate(
            "{statistic}, windows of {window:g} s, a column every {step:g} s",
            statistic=retell(given.statistic),
            window=given.window,
            step=given.step,
        ),
    )
    label_axes(ax, x="", y=translate("frequency (Hz)"))
    ax.tick_params(labelbottom=False)


def _refused(ax: Axes, what: str, error: Exception) -> None:
    from ._pages import wrap

    empty_panel(ax, "\n".join([what, *wrap(words_of(error), 90)[:3]]))


def _draw_rsam(
    ax: Axes, drum: list[Trace], given: pd.DataFrame | None, start: UTCDateTime, end: UTCDateTime
) -> None:
    if given is None:
        from ..amplitude import rsam

        window = 600.0 if end - start > 4 * 3600 else 60.0 if end - start > 600 else 10.0
        try:
            given = rsam(Stream(drum), window=window)
        except (WaveformError, ParameterError) as error:
            log.info("no RSAM: %s", error)
            _refused(ax, translate("no RSAM"), error)
            return
    plot_rsam(given, ax=ax, starttime=start, endtime=end)
    key = ax.get_legend()
    if key is not None and given["trace_id"].nunique() == 1:
        key.remove()
    label_axes(ax, x="")
    ax.tick_params(labelbottom=False)


def _draw_timeline(
    ax: Axes,
    traces: list[Trace],
    trace_id: str,
    monitoring: pd.DataFrame | None,
    seen: pd.DataFrame | None,
    start: UTCDateTime,
    end: UTCDateTime,
) -> None:
    """Draw availability of the channel (lower row) and the onsets of events (upper row)."""
    table = monitoring
    if table is not None:
        table = table[table["trace_id"] == trace_id]
    if table is None or table.empty:
        table = availability_of(traces)
    plot_availability(table, ax=ax, starttime=start, endtime=end)
    ax.set_ylim(0.5, -1.5)
    ax.set_yticks(
        [-1, 0],
        [
            translate("events"),
            translate("detector") if "state" in table else translate("record"),
        ],
    )
    if seen is None:
        write(
            ax,
            0.5,
            0.75,
            translate("no table of events was given"),
            ha="center",
            va="center",
            color="#555555",
        )
        return
    days = column_days(event_times(seen)) if len(seen) else np.empty(0)
    ax.vlines(days, -1.42, -0.58, color=RED, linewidth=0.9, zorder=4)
    ax.annotate(
        f"{len(days)}",
        (1.0, -1),
        xycoords=("axes fraction", "data"),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        family=fonts(),
    )


def _draw_psd(ax: Axes, traces: list[Trace], given: Spectrum | None) -> None:
    low, high = 0.0, None
    if given is None:
        from ..spectral import power_spectral_density

        band = band_of(traces[0])  # of a filtered record only its band is worth a look
        low = 0.4 * (band[0] or 0.0)
        nyquist = min(float(t.stats.sampling_rate) for t in traces) / 2
        high = None if band[1] is None else min(2.5 * band[1], nyquist)

        longest = max(float(t.stats.npts / t.stats.sampling_rate) for t in traces)
        try:
            given = power_spectral_density(
                Stream(traces), window=min(60.0, max(longest / 8.0, 1.0))
            )
        except (WaveformError, ParameterError) as error:
            log.info("no power spectral density: %s", error)
            _refused(ax, translate("no power spectral density"), error)
            return
    plot_spectrum(
        given,
        ax=ax,
        labels=[translate("this record")],
        freqmin=max(2.0 / given.window, low),
        freqmax=high,
    )
    label_axes(
        ax,
        y=ax.get_ylabel().replace(words_of("power spectral density"), "PSD"),
        title=translate("noise level, windows of {window:g} s", window=given.window),
    )


def _quality(
    given: pd.DataFrame | None, traces: list[Trace], inventory: Inventory | None
) -> pd.DataFrame | None:
    if given is not None:
        return given
    raw = units_of(traces[0]) == "counts" and band_of(traces[0]) == (None, None)
    if not raw:
        return findings_of(traces)
    from ..processing import check_waveforms

    return check_waveforms(Stream(traces), inventory=inventory)
