"""The displacement spectrum of an event with the source model that was fitted to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .._language import translate
from ._style import BLACK, GREY, ORANGE, RED, axes_or_new, label_axes, legend, safe_text
from .spectra import powers_of_ten


def plot_source_fit(fit: Any, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw observed displacement spectrum, noise before the event, model and corner frequency.

    Parameters
    ----------
    fit : SourceFit
        Of one channel and phase, as :func:`paektuseis.moment_magnitude` returns them.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
        By default station, phase, magnitude and corner frequency.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = axes_or_new(ax, (3.6, 3.0))
    f = np.asarray(fit.frequencies, dtype=float)
    ax.loglog(
        f,
        fit.observed,
        color=BLACK,
        linewidth=0.8,
        label=translate("{phase} observed", phase=safe_text(fit.phase)),
    )
    ax.loglog(f, fit.noise, color=GREY, linewidth=0.7, label=translate("noise before"))
    used = np.isfinite(fit.model)
    ax.loglog(
        f[used], np.asarray(fit.model)[used], color=RED, linewidth=1.2, label=translate("model")
    )
    if np.isfinite(fit.corner_frequency):
        ax.axvline(
            fit.corner_frequency,
            color=ORANGE,
            linewidth=0.9,
            linestyle=(0, (4, 2)),
            label=translate("corner {freq:.2g} Hz", freq=fit.corner_frequency),
        )
    top = float(np.nanmax(fit.observed))
    ax.set_ylim(top * 1e-4, top * 4.0)
    ax.set_xlim(float(f[f > 0].min()), float(f.max()))
    powers_of_ten(ax)
    if title is None:
        title = safe_text(fit.trace_id)
    label_axes(ax, x=translate("frequency (Hz)"), y=translate("displacement (m·s)"), title=title)
    legend(ax, loc="lower left")
    return ax
