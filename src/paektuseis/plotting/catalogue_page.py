"""One page for a catalogue: where, how deep, when, how large and how many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .._language import plural, translate
from ..catalog import frequency_magnitude
from ..errors import ParameterError
from ..provenance import is_synthetic
from ..tables import MAGNITUDES, ORIGINS
from ..times import TimeLike, as_utc
from ._classes import class_text, in_order, labels_of
from ._pages import header, new_page, panel, volcano_name
from ._stations import distance_km, distances, reference_of
from ._style import empty_panel
from ._time import span_text
from .hypocentres import plot_depth_section, plot_epicentres
from .magnitudes import plot_cumulative, plot_frequency_magnitude, plot_magnitude_time


def plot_catalogue(
    origins: pd.DataFrame,
    *,
    magnitudes: pd.DataFrame | None = None,
    classes: pd.DataFrame | None = None,
    network: Any = None,
    kind: str | None = None,
    delta_m: float = 0.1,
    completeness: Any = None,
    b_value: Any = None,
    azimuth: float = 90.0,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    extent_km: float | None = None,
    title_note: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw a catalogue on one page: map, section, magnitudes, sums and frequency of sizes.

    Parameters
    ----------
    origins : DataFrame
        Table ``tables.ORIGINS``; events without a position count in time, not on the map.
    magnitudes : DataFrame, optional
        Table ``tables.MAGNITUDES``.
    classes : DataFrame, optional
        Table ``tables.CLASSES``.
    network : Network, DataFrame or Inventory, optional
        Stations.
    kind : str, optional
        Which kind of magnitude; by default the one most events have. Kinds are never mixed.
    delta_m : float
        Width of the bins of magnitude.
    completeness, b_value : estimate, optional
        Drawn into the frequency of magnitudes, as :func:`paektuseis.magnitude_completeness`
        and :func:`paektuseis.b_value` give them.
    azimuth : float
        Direction of the section in degrees from north.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axes of time; by default that of the events.
    extent_km : float, optional
        Half width of map and section; by default what holds most of the epicentres with some
        room about them, or all stations where that is less.
    title_note : str, optional
        A line for the head of the page.
    synthetic : bool
        Write SYNTHETIC over the page; also done where the network or the note say so.

    Returns
    -------
    matplotlib.figure.Figure
        A4, upright.

    Raises
    ------
    ParameterError
        If a table lacks its columns, or no magnitude is of the kind asked for.
    """
    ORIGINS.check(origins, need=("event_id", "time", "latitude", "longitude", "depth_km"))
    events = _with_magnitudes(origins, magnitudes, kind)
    extent_km = extent_km or _extent_km(origins, network)
    figure = new_page()
    labels = labels_of(events["event_id"], classes)
    counts = [f"{int((labels == name).sum())} {class_text(name)}" for name in in_order(labels)]
    title = translate("catalogue")
    if len(events):
        first = as_utc(starttime) if starttime is not None else as_utc(events["time"].min())
        last = as_utc(endtime) if endtime is not None else as_utc(events["time"].max())
        title = translate("catalogue of {span}", span=span_text(first, last))
    located = int(events["latitude"].notna().sum())
    words = [
        volcano_name(network),
        plural(
            "{n} event, {located} with a position",
            "{n} events, {located} with a position",
            len(events),
            located=located,
        )
        + (f": {', '.join(counts)}" if classes is not None else ""),
    ]
    header(
        figure,
        title,
        words,
        synthetic=synthetic or is_synthetic(None, network, title_note),
        note=title_note,
    )
    plot_epicentres(
        origins,
        ax=panel(figure, 24, 38, 100, 92),
        network=network,
        classes=classes,
        extent_km=extent_km,
    )
    plot_frequency_magnitude(
        frequency_magnitude(events["magnitude"].dropna(), delta_m=delta_m),
        ax=panel(figure, 148, 38, 50, 62),
        completeness=completeness,
        b_value=b_value,
        kind=_kind_text(events),
    ) if events["magnitude"].notna().any() else empty_panel(
        panel(figure, 148, 38, 50, 62), translate("no magnitude")
    )
    plot_depth_section(
        origins,
        ax=panel(figure, 24, 146, 174, 40),
        network=network,
        azimuth=azimuth,
        classes=classes,
        width_km=extent_km,
    )
    plot_magnitude_time(
        events,
        ax=panel(figure, 24, 202, 174, 34),
        classes=classes,
        starttime=starttime,
        endtime=endtime,
    )
    plot_cumulative(
        events, ax=panel(figure, 24, 250, 160, 26), starttime=starttime, endtime=endtime
    )
    return figure


def _extent_km(origins: pd.DataFrame, network: Any) -> float | None:
    """Return three times the distance within which three quarters of the epicentres lie.

    A few distant events do not shrink the volcano to a dot; the map's title counts them.
    ``None`` leaves the choice to the map.
    """
    centre = reference_of(network)
    known = origins.dropna(subset=["latitude", "longitude"])
    if centre is None or known.empty:
        return None
    away = [distance_km(*centre, a, o) for a, o in known[["latitude", "longitude"]].to_numpy(float)]
    half = max(3.0 * float(np.percentile(away, 75.0)), 5.0)
    farthest = max(distances(network).values(), default=math.inf)
    return half if half < farthest else None


def _with_magnitudes(
    origins: pd.DataFrame, magnitudes: pd.DataFrame | None, kind: str | None
) -> pd.DataFrame:
    """Return the origins with one kind of magnitude beside each, NaN where there is none."""
    if magnitudes is None or not len(magnitudes):
        return origins.assign(magnitude=float("nan"), kind="")
    MAGNITUDES.check(magnitudes, need=("event_id", "kind", "value", "uncertainty"))
    known = magnitudes.dropna(subset=["value"])
    counts = known["kind"].value_counts()
    if kind is None:
        kind = str(counts.index[0]) if len(counts) else ""
    elif kind not in counts.index:
        raise ParameterError(
            f"kind={kind!r}: no such magnitude; there are {sorted(map(str, counts.index))}"
        )
    mine = known[known["kind"] == kind].drop_duplicates("event_id")
    mine = mine[["event_id", "kind", "value", "uncertainty"]].rename(columns={"value": "magnitude"})
    out = origins.merge(mine, on="event_id", how="left")
    if "moment" in magnitudes.columns:
        moments = known.dropna(subset=["moment"]).drop_duplicates("event_id")
        out = out.merge(moments[["event_id", "moment"]], on="event_id", how="left")
    return out


def _kind_text(events: pd.DataFrame) -> str:
    kinds = sorted(set(events["kind"].dropna()) - {""})
    return kinds[0] if kinds else translate("magnitude")
