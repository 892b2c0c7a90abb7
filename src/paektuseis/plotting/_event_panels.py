"""The panels of an event's page."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from obspy import Stream, Trace, UTCDateTime

from .._language import plural, retell, translate
from ..errors import ParameterError, WaveformError
from ..tables import AMPLITUDES, ATTRIBUTES, ORIGINS, station_of
from ..times import as_timestamp, as_utc
from ..types import Spectrogram, Spectrum
from ._classes import class_text
from ._envelope import span_of
from ._pages import one_row, quantity, wrap, write_columns
from ._stations import (
    coordinates_text,
    distance_km,
    distances,
    event_point,
    reference_of,
    stations_table,
)
from ._style import RED, empty_panel, label_axes, safe_text, unit_text, words_of
from ._time import time_axis, to_days
from .hypocentres import plot_depth_section, plot_epicentres
from .maps import plot_station_map
from .particle_motion import plot_particle_motion
from .spectra import plot_spectrogram, plot_spectrum
from .station_page import _for_drum, _refused
from .waveforms import band_text, plot_waveforms

log = logging.getLogger("paektuseis.plotting")
MOST_TRACES = 18
MIN_SIGNAL = 5.0  # s, shortest window of the spectrum
FI = "frequency_index"


def finite(value: Any) -> bool:
    """Whether a cell of a row holds a number."""
    try:
        return bool(np.isfinite(float(value)))
    except (TypeError, ValueError):
        return False


def draw_traces(
    ax: Axes,
    groups: dict[str, list[Trace]],
    source: Any,
    point: tuple[float, float] | None,
    triggers: pd.DataFrame | None,
    picks: pd.DataFrame | None,
    onset: UTCDateTime | None,
    start: UTCDateTime,
    end: UTCDateTime,
    freqmin: float | Literal["detector"] | None,
) -> None:
    """Draw the channels by distance, with triggers and picks."""
    corner = _corner(triggers, start, end) if freqmin == "detector" else freqmin
    known = distances(source, point=point)
    ids = list(groups)
    if len(ids) > MOST_TRACES:  # all three components are too many: vertical ones first
        ids = sorted(ids, key=lambda i: (not i.endswith("Z"), known.get(station_of(i), np.inf)))
        ids = ids[:MOST_TRACES]
    drawn = [t for i in ids for t in _for_drum(groups[i], corner)]
    plot_waveforms(
        Stream(drawn),
        ax=ax,
        starttime=start,
        endtime=end,
        stations=source,
        origin=point,
        triggers=triggers,
        picks=picks,
    )
    if onset is not None:
        ax.axvline(to_days(onset), color=RED, linewidth=0.8, linestyle=":", zorder=5)
    title = band_text(drawn)
    if triggers is not None:
        title += translate(" · red: trigger, orange: its length")
    if picks is not None:
        title += (
            translate(" · P blue, S green") if len(picks) else translate(" · no phase was picked")
        )
    if len(ids) < len(groups):
        title += translate(" · {n} more channels not drawn", n=len(groups) - len(ids))
    label_axes(ax, title=title)


def _corner(triggers: pd.DataFrame | None, start: UTCDateTime, end: UTCDateTime) -> float:
    """Return the lower corner (Hz) of the detectors that triggered in a span, else 1 Hz."""
    if triggers is None or "freqmin" not in triggers.columns or triggers.empty:
        return 1.0
    first, last = as_timestamp(start), as_timestamp(end)
    shown = triggers[(triggers["endtime"] >= first) & (triggers["starttime"] <= last)]
    lowest = shown["freqmin"].astype(float).min()
    return float(lowest) if np.isfinite(lowest) and lowest > 0 else 1.0


def draw_spectrogram(
    ax: Axes,
    traces: list[Trace],
    given: Spectrogram | None,
    onset: UTCDateTime | None,
    start: UTCDateTime,
    end: UTCDateTime,
) -> None:
    """Draw the best channel's spectrogram."""
    if given is None:
        from ..spectral import spectrogram

        window = float(np.clip((end - start) / 40.0, 1.0, 10.0))
        try:
            given = spectrogram(
                Stream(traces), window=window, overlap=0.9, starttime=start, endtime=end
            )
        except (WaveformError, ParameterError) as error:
            log.info("no spectrogram: %s", error)
            _refused(ax, translate("no spectrogram"), error)
            return
    top = min(float(given.frequencies[-1]), 30.0)
    plot_spectrogram(
        given,
        ax=ax,
        starttime=start,
        endtime=end,
        freqmax=top,
        title=translate(
            "{trace_id}, windows of {window:.3g} s", trace_id=given.trace_id, window=given.window
        ),
    )
    time_axis(ax, start, end, ticks=5)
    if onset is not None:
        ax.axvline(to_days(onset), color="white", linewidth=1.0, linestyle=":", zorder=5)


def draw_spectrum(
    ax: Axes,
    traces: list[Trace],
    given: Spectrum | None,
    bands: Sequence[tuple[float, float]],
    onset: UTCDateTime | None,
    until: UTCDateTime | None,
) -> None:
    """Draw the best channel's spectrum with that of the noise before."""
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
            _refused(ax, translate("no spectrum"), error)
            return
    spectra, labels = [given], [translate("event")]
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
                    labels.append(
                        translate(
                            "noise before, {seconds:.0f} s",
                            seconds=float(noise.endtime - noise.starttime),
                        )
                    )
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
    title = f"{words_of(given.statistic)}, {given.endtime - given.starttime:.0f} s"
    label_axes(ax, y=unit_text(given.units) if not given.is_power else None, title=title)


def draw_map(ax: Axes, source: Any, groups: dict[str, list[Trace]], row: dict[str, Any]) -> None:
    """Draw the stations of the records, and the epicentre where it is known."""
    here = _stations_of(ax, source, groups)
    if here is not None:
        plot_station_map(here, ax=ax, event=row, places=False)


def _stations_of(ax: Axes, source: Any, groups: dict[str, list[Trace]]) -> Any:
    """Return the stations of the records; where none has a position, say so in the panel."""
    if source is None:
        empty_panel(ax, translate("no positions were given"))
        return None
    table = stations_table(source)
    keys = {station_of(i) for i in groups}
    here = table[(table["network"] + "." + table["station"]).isin(keys)]
    if here.empty:
        empty_panel(ax, translate("no station of these records\nhas a known position"))
        return None
    if not hasattr(source, "caldera"):
        return here
    names = zip(here["network"], here["station"], strict=True)
    return source.select(sorted(f"{n}.{s}" for n, s in names))


def draw_hypocentre(
    on_map: Axes,
    section: Axes,
    source: Any,
    groups: dict[str, list[Trace]],
    origin: dict[str, Any],
    samples: pd.DataFrame | None,
) -> None:
    """Draw the hypocentre with its uncertainty on a map and on a section to the east."""
    here = _stations_of(on_map, source, groups)
    if here is None:
        empty_panel(section, translate("not located"))
        return
    table = ORIGINS.frame([origin]) if origin else ORIGINS.frame()
    known = table["latitude"].notna().any()
    reach = _reach_km(here, table) if known else None
    plot_epicentres(
        table,
        ax=on_map,
        network=here,
        extent_km=reach,
        surroundings=False,
        title=translate("68 % ellipse") if known else translate("not located"),
    )
    key = on_map.get_legend()
    if key is not None:
        key.remove()
    plot_depth_section(table, ax=section, network=here, samples=samples, width_km=reach)
    if not table["depth_km"].notna().any():
        label_axes(section, title=translate("no depth") if known else translate("not located"))


def _reach_km(source: Any, origin: pd.DataFrame) -> float:
    """Return half the width of a map that holds the epicentre and the stations nearest to it."""
    point = event_point(origin.iloc[0])
    centre = reference_of(source)
    near = sorted(distances(source, point=point).values())
    nearest = near[min(2, len(near) - 1)] if near else 5.0
    away = distance_km(*centre, *point) if centre is not None and point is not None else 0.0
    return max(1.15 * (away + nearest), 3.0)


def draw_motion(
    panels: tuple[Axes, Axes],
    motion: Stream | None,
    best: str,
    picks: pd.DataFrame | None,
    onset: UTCDateTime | None,
    origin: dict[str, Any],
) -> None:
    """Draw how the ground moved in the first half second of P at the best station."""
    begin = onset
    if picks is not None and len(picks):
        mine = picks[(picks["trace_id"].map(station_of) == station_of(best))]
        mine = mine[mine["phase"] == "P"]
        begin = as_utc(mine["time"].iloc[0]) if len(mine) else onset
    if motion is None or not len(motion) or begin is None:
        for ax in panels:
            empty_panel(ax, translate("no three\ncomponents"))
        return
    where = float(origin.get("backazimuth", np.nan) or np.nan)
    for ax, x, y in ((panels[0], "E", "N"), (panels[1], "E", "Z")):
        try:
            plot_particle_motion(
                motion,
                x=x,
                y=y,
                ax=ax,
                starttime=begin - 0.02,
                endtime=begin + 0.5,
                backazimuth=where,
            )
        except (ParameterError, WaveformError) as error:
            log.info("no particle motion: %s", error)
            empty_panel(ax, translate("no particle\nmotion"))
    label_axes(
        panels[0], title=translate("P at {station}, 0.5 s", station=safe_text(station_of(best)))
    )
    label_axes(panels[1], title="")


def write_verdict(
    ax: Axes, origin: dict[str, Any], magnitudes: pd.DataFrame | None, classification: Any
) -> None:
    """Write class and reason, magnitudes, and the hypocentre in words."""
    lines: list[str] = []
    row = one_row(classification)
    if row:
        runner = row.get("runner_up")
        verdict = translate(
            "{label} (margin {margin:.2f}{next}): {reason}",
            label=class_text(str(row["label"])),
            margin=float(row["margin"]),
            next=translate(", next {label}", label=class_text(str(runner))) if runner else "",
            reason=retell(str(row["reason"]).removeprefix(f"{row['label']}: ")),
        )
        lines += wrap(safe_text(verdict, limit=400), 150)[:2]
    words = []
    if event_point(origin) is not None:
        words.append(coordinates_text(float(origin["latitude"]), float(origin["longitude"])))
        wide = float(origin.get("horizontal_uncertainty_km", np.nan))
        words[-1] += f" ± {wide:.1f} km" if np.isfinite(wide) else ""
    depth = float(origin.get("depth_km", np.nan)) if origin else np.nan
    if np.isfinite(depth):
        wide = float(origin.get("depth_uncertainty_km", np.nan))
        either = f" ± {wide:.1f}" if np.isfinite(wide) else ""
        words.append(translate("{depth:.1f}{error} km below sea level", depth=depth, error=either))
    if origin:
        words.append(plural("{n} pick", "{n} picks", int(origin["n_picks"])))
        words.append(translate("gap {degrees:.0f}°", degrees=float(origin["azimuthal_gap"])))
        if origin.get("quality"):
            words.append(translate("quality {grade}", grade=origin["quality"]))
    if magnitudes is not None:
        for one in magnitudes.dropna(subset=["value"]).to_dict("records"):
            error = float(one["uncertainty"])
            words.append(
                f"{one['kind']} {float(one['value']):.1f}"
                + (f" ± {error:.1f}" if np.isfinite(error) else "")
                + plural(" ({n} station)", " ({n} stations)", int(one["n"]))
            )
    words += [retell(str(origin["note"]))] if origin.get("note") else []
    if words:
        room = 3 - len(lines)
        text = wrap(safe_text(" · ".join(words), limit=600), 145)
        lines += [*text[: room - 1], text[room - 1] + " …"] if len(text) > room else text
    write_columns(ax, [[line] for line in lines] or [[translate("nothing more is known")]], [0.0])


def write_measures(
    ax: Axes,
    row: dict[str, Any],
    attributes: pd.DataFrame | None,
    amplitudes: pd.DataFrame | None,
    best: str,
    known: dict[str, float],
    drawn: set[str],
) -> None:
    """Write measures of the best channel, and the amplitude of each."""
    rows: list[list[str]] = []
    if attributes is not None:
        table = ATTRIBUTES.check(attributes)
        for one in table[table["trace_id"] == best].to_dict("records"):
            rows.append(
                [
                    words_of(str(one["attribute"]).replace("_", " ")),
                    quantity(one["value"], str(one["units"])),
                    f"{one['freqmin']:.3g}–{one['freqmax']:.3g} Hz",
                ]
            )
    else:
        for name, units in (("dominant_frequency", "Hz"), (FI, "")):
            if finite(row.get(name)):
                rows.append([words_of(name.replace("_", " ")), quantity(row[name], units), ""])
    if not rows:
        rows.append([translate("no attribute was given"), "", ""])
    head = (translate("measure"), translate("value"), translate("band"))
    used = write_columns(ax, rows[:9], [0.0, 38.0, 66.0], head=head)
    if amplitudes is None:
        return
    position = ax.get_position()
    top = position.y1 - (used + 2) * 3.7 / 297.0
    below = ax.figure.add_axes((position.x0, position.y0, position.width, top - position.y0))
    below.set_axis_off()
    write_amplitudes(below, amplitudes, known, drawn)


def write_amplitudes(
    ax: Axes, amplitudes: pd.DataFrame | None, known: dict[str, float], drawn: set[str]
) -> None:
    """Write the amplitude of each channel, those drawn first, by distance."""
    if amplitudes is None:
        write_columns(ax, [[translate("no amplitude was given")]], [0.0])
        return
    table = AMPLITUDES.check(amplitudes)
    lines = [
        (
            (a["trace_id"] not in drawn, known.get(station_of(a["trace_id"]), np.inf)),
            [
                safe_text(a["trace_id"]),
                quantity(a["value"], str(a["units"])),
                words_of(str(a["statistic"]).replace("_", " ")),
            ],
        )
        for a in table.to_dict("records")
    ]
    lines.sort(key=lambda pair: (pair[0], pair[1][0]))
    room = max(int((ax.get_position().height * 297.0 - 1.0) // 3.7) - 1, 1)
    shown = [cells for _, cells in lines]
    if len(shown) > room:
        more = translate("and {n} more channels", n=len(shown) - room + 1)
        shown = [*shown[: room - 1], [more, "", ""]]
    head = (translate("channel"), translate("amplitude"), translate("statistic"))
    write_columns(ax, shown, [0.0, 38.0, 66.0], head=head)
