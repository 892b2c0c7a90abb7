"""How often a channel was how noisy: the density of its spectra, with percentiles and models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from .._language import plural, retell, translate
from ..errors import ParameterError
from ..types import FloatArray
from ._style import (
    BLACK,
    GREY,
    ORANGE,
    RED,
    axes_or_new,
    colour_bar,
    empty_panel,
    label_axes,
    legend,
    safe_text,
    unit_text,
)
from .spectra import plain_frequencies

# white where there was nothing, then light to dark: one direction, readable in grey
SHARES = LinearSegmentedColormap.from_list(
    "share", ["#FFFFFF", "#C9E3F5", "#7FBCE6", "#3B86C0", "#134F8A", "#04244F"]
)
DB = "dB rel. 1 "


def plot_noise_density(
    noise: Any,
    *,
    ax: Axes | None = None,
    percentiles: Sequence[float] = (5, 50, 95),
    noise_models: bool = True,
    bin_db: float = 1.0,
    period: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw the share of windows in each bin of period and decibels, as McNamara and Buland do.

    Parameters
    ----------
    noise : NoisePSD
        As :func:`paektuseis.noise_psd` returns it, of one channel.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    percentiles : sequence of float
        Lines, 0 to 100; the middle one is drawn solid.
    noise_models : bool
        Peterson's models, where the unit is one of ground motion.
    bin_db : float
        Height of the bins in decibels.
    period : bool
        Period to the right (s), else frequency (Hz).
    title : str, optional
        By default the channel, the number of windows and their coverage.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the bins have no height or a percentile lies outside 0 to 100.

    References
    ----------
    McNamara, D. E. and Buland, R. P. (2004). Ambient noise levels in the continental United
    States. Bulletin of the Seismological Society of America 94, 1517-1527.

    Examples
    --------
    >>> import numpy as np
    >>> import paektuseis as ps
    >>> from obspy import Trace
    >>> quiet = Trace(np.random.default_rng(1).normal(size=80_000), {"sampling_rate": 10.0,
    ...     "station": "A"})
    >>> ax = plot_noise_density(ps.noise_psd(quiet))
    >>> ax.get_xlabel()
    'period (s)'
    """
    if not bin_db > 0:
        raise ParameterError(f"bin_db={bin_db}; give a positive number of decibels")
    if any(not 0 <= q <= 100 for q in percentiles):
        raise ParameterError(f"percentiles={tuple(percentiles)}; give numbers from 0 to 100")
    ax = axes_or_new(ax, (6.0, 4.0), (0.62, 0.45, 0.95, 0.3))
    if not len(noise.decibels):
        empty_panel(ax, translate("no window is wholly covered by samples"))
        return ax
    at = noise.periods if period else noise.frequencies
    edges, levels, share = density(noise, bin_db)
    mesh = ax.pcolormesh(
        edges if period else 1.0 / edges,
        levels,
        np.ma.masked_equal(100.0 * share, 0.0),
        cmap=SHARES,
        vmin=0.0,
        vmax=max(float(np.percentile(100.0 * share[share > 0], 99.0)), 1.0),
        zorder=1,
        rasterized=True,
    )
    ax.set_xscale("log")
    ax.set_xlim(float(at.min()), float(at.max()))
    ax.set_ylim(float(levels[0]), float(levels[-1]))
    _draw_percentiles(ax, noise, at, percentiles)
    if noise_models:
        _draw_models(ax, noise, period)
    plain_frequencies(ax, "x", float(at.min()), float(at.max()))
    ax.grid(True, which="major", color="#DDDDDD", linewidth=0.4, zorder=0)
    colour_bar(ax, mesh, translate("share of windows (%)"))
    label_axes(
        ax,
        x=translate("period (s)") if period else translate("frequency (Hz)"),
        y=_unit(noise),
        title=_title(noise) if title is None else safe_text(title),
    )
    legend(ax, loc="best")
    return ax


def density(noise: Any, bin_db: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return edges of the periods, edges of the decibels, and shares (n_levels, n_periods)."""
    values = noise.decibels
    low = np.floor(np.nanmin(values) / bin_db) * bin_db
    high = np.floor(np.nanmax(values) / bin_db) * bin_db + bin_db
    count = max(round((high - low) / bin_db), 1)
    levels = low + bin_db * np.arange(count + 1)
    which = np.clip(((values - low) / bin_db).astype(int), 0, count - 1)
    columns = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    share = np.zeros((count, values.shape[1]))
    np.add.at(share, (which, columns), 1.0 / len(values))
    logs = np.log(noise.periods)
    middle = 0.5 * (logs[1:] + logs[:-1])
    first = 2 * logs[0] - middle[0] if len(middle) else logs[0] - 0.1
    last = 2 * logs[-1] - middle[-1] if len(middle) else logs[0] + 0.1
    return np.exp(np.concatenate(([first], middle, [last]))), levels, share


def _draw_percentiles(ax: Axes, noise: Any, at: FloatArray, percentiles: Sequence[float]) -> None:
    if not len(percentiles):
        return
    centre = sorted(percentiles)[len(percentiles) // 2]
    for q in percentiles:
        ax.plot(
            at,
            noise.percentile(float(q)),
            color=RED if q == centre else ORANGE,
            linewidth=1.2 if q == centre else 0.9,
            linestyle="-" if q == centre else (0, (4, 2)),
            zorder=4,
            label=translate("percentile {q:g}", q=q),
        )


def _draw_models(ax: Axes, noise: Any, period: bool) -> None:
    from ..spectral import noise_models

    try:
        models = noise_models(noise.frequencies[::-1], units=noise.units.removeprefix(DB))
    except ParameterError:
        return  # counts have no noise model
    x = 1.0 / models.frequencies if period else models.frequencies
    bottom, top = ax.get_ylim()
    for name, curve in zip(("NLNM", "NHNM"), models.decibels(), strict=True):
        if not np.isfinite(curve).any():
            continue
        ax.plot(
            x,
            curve,
            color=GREY if name == "NLNM" else BLACK,
            linewidth=1.2,
            zorder=3,
            label=f"{name} (Peterson 1993)",
        )
        bottom = min(bottom, float(np.nanmin(curve)) - 4.0)
        top = max(top, float(np.nanmax(curve)) + 4.0)
    ax.set_ylim(bottom, top)


def _unit(noise: Any) -> str:
    words = str(noise.units)
    if words.startswith(DB):
        return translate("dB rel. 1 {units}", units=unit_text(words.removeprefix(DB)))
    return unit_text(retell(words))


def _title(noise: Any) -> str:
    words = plural(
        "{trace_id} · {n} window of {length:g} s · coverage {coverage:.0f} %",
        "{trace_id} · {n} windows of {length:g} s · coverage {coverage:.0f} %",
        len(noise.decibels),
        trace_id=noise.trace_id,
        length=noise.length,
        coverage=100.0 * noise.coverage,
    )
    if noise.response != "removed":
        words += translate(" · response not removed")
    return safe_text(words)
