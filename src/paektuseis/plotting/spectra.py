"""Spectra against the world's noise, and spectrograms with their unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from .._language import retell, translate
from ..errors import ParameterError
from ..tables import PICKS, station_of
from ..times import TimeLike
from ..types import Spectrogram, Spectrum
from ._fonts import fonts
from ._style import (
    BLACK,
    GREY,
    NORMAL,
    ORANGE,
    SKY,
    SMALL,
    axes_or_new,
    colour_bar,
    colour_of,
    key_share,
    label_axes,
    legend,
    place_label,
    power_text,
    safe_text,
    unit_text,
    words_of,
    write,
)
from ._time import DAY, check_span, column_days, time_axis, to_days

FloatArray = NDArray[np.float64]


def decibel_label(units: str) -> str:
    """Return the label of a decibel scale with what 0 dB is."""
    return translate("dB rel. 1 {units}", units=unit_text(units))


def plot_spectrum(
    spectra: Spectrum | Sequence[Spectrum],
    *,
    ax: Axes | None = None,
    labels: Sequence[str] | None = None,
    noise_models: bool = True,
    bands: Sequence[tuple[float, float]] = (),
    decibels: bool | None = None,
    freqmin: float | None = None,
    freqmax: float | None = None,
    title: str | None = None,
    linewidth: float = 0.9,
) -> Axes:
    """Draw spectra over a logarithmic frequency axis.

    Parameters
    ----------
    spectra : Spectrum or sequence of Spectrum
        All in one unit. Confidence limits are shaded where a spectrum has them.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    labels : sequence of str, optional
        One for each spectrum; by default the channel.
    noise_models : bool
        Draw Peterson's low- and high-noise models behind a power spectral
        density of ground motion (other units have none).
    bands : sequence of (float, float)
        Frequency bands in Hz to shade.
    decibels : bool, optional
        Decibels or a logarithmic axis; by default decibels for power.
    freqmin, freqmax : float, optional
        Ends of the axis in Hz; by default one over the window to Nyquist.
    title : str, optional
    linewidth : float
        In points.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If there is no spectrum, the units or statistics are mixed, the labels do not
        match or a band is not in ascending order.

    References
    ----------
    Peterson, J. (1993). Observations and modeling of seismic background noise.
    U.S. Geological Survey Open-File Report 93-322.
    """
    spectra = [spectra] if isinstance(spectra, Spectrum) else list(spectra)
    if not spectra or not all(isinstance(s, Spectrum) for s in spectra):
        raise ParameterError("spectra holds no Spectrum; give one or a sequence of them")
    kinds = sorted({f"{s.statistic} in {s.units}" for s in spectra})
    if len(kinds) > 1:
        raise ParameterError(f"spectra mix {kinds}; draw one kind at a time")
    if labels is not None and len(labels) != len(spectra):
        raise ParameterError(f"{len(labels)} labels for {len(spectra)} spectra; give one each")
    first = spectra[0]
    in_decibels = first.is_power if decibels is None else decibels
    ax = axes_or_new(ax, (5.0, 3.6))
    for band in bands:
        if not 0 < band[0] < band[1]:
            raise ParameterError(
                f"band {band} Hz; give two positive frequencies in ascending order"
            )
    for i, (low, high) in enumerate(bands):
        ax.axvspan(
            low,
            high,
            facecolor=(SKY, ORANGE)[i % 2],
            alpha=0.25,
            linewidth=0,
            zorder=0,
            label=f"{low:g}–{high:g} Hz",
        )
    names = labels if labels is not None else [s.trace_id for s in spectra]
    for i, (one, name) in enumerate(zip(spectra, names, strict=True)):
        keep = one.frequencies > 0
        frequencies = one.frequencies[keep]
        ax.plot(
            frequencies,
            _scaled(one.values[keep], first, in_decibels),
            color=colour_of(i),
            linewidth=linewidth,
            label=safe_text(name),
            zorder=4 + i,
        )
        if one.lower is not None and one.upper is not None:
            ax.fill_between(
                frequencies,
                _scaled(one.lower[keep], first, in_decibels),
                _scaled(one.upper[keep], first, in_decibels),
                color=colour_of(i),
                alpha=0.2,
                linewidth=0,
                zorder=3,
            )
    low = min(_lowest(s) for s in spectra) if freqmin is None else freqmin
    high = max(float(s.frequencies[-1]) for s in spectra) if freqmax is None else freqmax
    if not 0 < low < high:
        raise ParameterError(f"freqmin={low} Hz, freqmax={high} Hz; give them in ascending order")
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    _fit_y(ax, spectra, low, high, in_decibels)
    if noise_models and in_decibels and first.is_power:
        _draw_noise_models(ax, first.units, low, high)
    if not in_decibels:
        ax.set_yscale("log")
        powers_of_ten(ax)
    plain_frequencies(ax, "x", low, high)
    ax.grid(True, which="major", color="#DDDDDD", linewidth=0.4, zorder=-1)
    y = decibel_label(first.units) if in_decibels else unit_text(first.units)
    label_axes(
        ax,
        x=translate("frequency (Hz)"),
        y=f"{words_of(first.statistic)}\n({y})",
        title=None if title is None else safe_text(title),
    )
    legend(ax, **({} if in_decibels else {"loc": "lower left", "ncols": 2}))
    return ax


def _scaled(values: FloatArray, like: Spectrum, in_decibels: bool) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        if not in_decibels:
            return np.where(values > 0, values, np.nan)
        scaled = (10.0 if like.is_power else 20.0) * np.log10(values)
    return np.where(np.isfinite(scaled), scaled, np.nan)


def _lowest(spectrum: Spectrum) -> float:
    """Lowest frequency one transformed piece resolves."""
    positive = spectrum.frequencies[spectrum.frequencies > 0]
    return max(float(positive[0]), 1.0 / spectrum.window) if len(positive) else 0.0


def _fit_y(
    ax: Axes, spectra: Sequence[Spectrum], low: float, high: float, in_decibels: bool
) -> None:
    """Fit the y axis to what the x axis shows, not to what lies outside it."""
    shown = [
        _scaled(s.values[(s.frequencies >= low) & (s.frequencies <= 0.8 * high)], s, in_decibels)
        for s in spectra
    ]
    values = np.concatenate(shown)
    values = values[np.isfinite(values)]
    if not len(values):
        return
    # the deepest holes of a spectrum, and its fall towards Nyquist, may leave the panel
    bottom, top = float(np.percentile(values, 1.0)), float(values.max())
    if in_decibels:
        ax.set_ylim(bottom - 8.0, top + 10.0)
    else:
        low_room = key_share(ax, 2)  # for the key, below the line
        bottom, top = bottom / 2.0, top * 2.0
        ax.set_ylim(bottom * (bottom / top) ** (low_room / (1.0 - low_room)), top)


def _draw_noise_models(ax: Axes, units: str, low: float, high: float) -> None:
    from ..spectral import noise_models

    try:
        models = noise_models(np.geomspace(low, high, 400), units=units)
    except ParameterError:
        return  # counts and the like have no noise model
    bottom, top = ax.get_ylim()
    for name, curve in zip(("NLNM", "NHNM"), models.decibels(), strict=True):
        inside = np.isfinite(curve)
        if not inside.any():
            continue
        ax.plot(
            models.frequencies,
            curve,
            color=GREY,
            linewidth=1.1,
            zorder=2,
            linestyle="--" if name == "NLNM" else "-",
            label=f"{name} (Peterson 1993)",
        )
        bottom = min(bottom, float(np.nanmin(curve)) - 4.0)
        top = max(top, float(np.nanmax(curve)) + 4.0)
    ax.set_ylim(bottom, top)


def powers_of_ten(ax: Axes) -> None:
    """Label a logarithmic y axis 10³ in letters every font has (no mathematics to parse)."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value)))
    ax.yaxis.set_minor_locator(NullLocator())  # eight marks a decade: slow, and a grey smear


def plain_frequencies(ax: Axes, which: str, low: float, high: float, *, minor: bool = True) -> None:
    """Label a logarithmic frequency axis 0.1, 1, 10 (not with powers of ten)."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    axis = ax.xaxis if which == "x" else ax.yaxis
    steps = (1, 2, 5) if high / low < 300 else (1,)
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    axis.set_major_locator(FixedLocator([s * 10.0**d for d in decades for s in steps]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    if not minor:
        axis.set_minor_locator(NullLocator())


def plot_spectrogram(
    spectrogram: Spectrogram,
    *,
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    freqmin: float | None = None,
    freqmax: float | None = None,
    log: bool = False,
    vmin: float | None = None,
    vmax: float | None = None,
    cmap: str = "viridis",
    colorbar: bool = True,
    picks: pd.DataFrame | None = None,
    title: str | None = None,
) -> Axes:
    """Draw a spectrogram in decibels, with colour bar and absolute time.

    Windows without a value stay white. A long record is drawn as the mean
    power of the windows and frequencies that share a dot of the picture.

    Parameters
    ----------
    spectrogram : Spectrogram
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axis; by default that of the windows.
    freqmin, freqmax : float, optional
        Ends of the frequency axis in Hz.
    log : bool
        Logarithmic frequency axis.
    vmin, vmax : float, optional
        Ends of the colour scale in decibels; by default the 5th and 99.5th
        percentile of what is shown.
    cmap : str
        Colour map; the default is readable with colour blindness and in grey.
    colorbar : bool
    picks : DataFrame, optional
        Arrivals (``tables.PICKS``); those of this station are lines with the name of the phase.
    title : str, optional
        By default the channel, the window and its step.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If it is no Spectrogram, or a span or band is empty.
    """
    if not isinstance(spectrogram, Spectrogram):
        raise ParameterError(
            f"spectrogram is a {type(spectrogram).__name__}; make one with spectrogram(trace, ...)"
        )
    frequencies = spectrogram.frequencies
    positive = frequencies[frequencies > 0]
    if not len(positive):
        raise ParameterError("the spectrogram has no frequency above 0 Hz")
    low = (float(positive[0]) if log else 0.0) if freqmin is None else freqmin
    high = float(frequencies[-1]) if freqmax is None else freqmax
    if not low < high or (log and low <= 0):
        raise ParameterError(f"freqmin={low} Hz, freqmax={high} Hz; give them in ascending order")
    count = spectrogram.values.shape[1]
    last = spectrogram.starttime + max(count - 1, 0) * spectrogram.step + spectrogram.window
    start, end = check_span(starttime, endtime, spectrogram.starttime, last)
    ax = axes_or_new(ax, (8.0, 3.0), (0.58, 0.45, 0.92 if colorbar else 0.15, 0.28))
    picture = raster(spectrogram, low, high, log=log, rows=240 if log else 320, columns=900)
    finite = picture[np.isfinite(picture)]
    if len(finite):
        vmin = float(np.percentile(finite, 5.0)) if vmin is None else vmin
        vmax = float(np.percentile(finite, 99.5)) if vmax is None else vmax
    # a window is drawn about its centre; a column that averages windows, over its whole length
    half = max(0.0, 0.5 * (spectrogram.window - spectrogram.step))
    left = to_days(spectrogram.starttime + half)
    right = left + count * spectrogram.step / DAY
    shown = np.ma.masked_invalid(picture)
    colours: dict[str, Any] = {"cmap": cmap, "vmin": vmin, "vmax": vmax, "zorder": 1}
    image: Any
    if log:
        ax.set_yscale("log")
        image = _log_image(ax, shown, (left, right, low, high), colours)
    else:
        image = ax.imshow(
            shown,
            extent=(left, right, low, high),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            **colours,
        )
    ax.set_ylim(low, high)
    if log:
        plain_frequencies(ax, "y", low, high, minor=False)
    time_axis(ax, start, end)
    if picks is not None:
        _mark_picks(ax, picks, spectrogram.trace_id)
    if colorbar:
        colour_bar(ax, image, decibel_label(spectrogram.units))
    if title is None:
        title = f"{spectrogram.trace_id} · {retell(spectrogram.statistic)} · " + translate(
            "windows of {window:g} s every {step:g} s",
            window=spectrogram.window,
            step=spectrogram.step,
        )
    label_axes(ax, y=translate("frequency (Hz)"), title=safe_text(title))
    place_label(ax, left=28.0)
    if not len(finite):
        write(
            ax,
            0.5,
            0.5,
            translate("no window is wholly covered by samples"),
            ha="center",
            va="center",
            fontsize=NORMAL,
        )
    return ax


def _mark_picks(ax: Axes, picks: pd.DataFrame, trace_id: str) -> None:
    rows = PICKS.check(picks)
    rows = rows[rows["trace_id"].map(station_of) == station_of(trace_id)]
    left, right = ax.get_xlim()
    for phase, day in zip(rows["phase"], column_days(rows["time"]), strict=True):
        if not left <= day <= right:
            continue
        ax.axvline(day, color="white", linewidth=1.4, zorder=5)
        ax.axvline(day, color=BLACK, linewidth=0.6, zorder=5.5)
        ax.annotate(
            safe_text(phase),
            (day, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(2.5, -2.5),
            textcoords="offset points",
            va="top",
            fontsize=SMALL,
            family=fonts(),
            color=BLACK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            zorder=6,
        )


def _log_image(
    ax: Axes, shown: Any, extent: tuple[float, float, float, float], colours: dict[str, Any]
) -> AxesImage:
    """Draw a picture whose rows are even on a logarithmic axis.

    It is placed in the logarithms of the axis, where it is an image like any other: a tenth
    of the price of a mesh.
    """
    left, right, low, high = extent
    image = AxesImage(
        ax,
        cmap=colours["cmap"],
        extent=(left, right, float(np.log10(low)), float(np.log10(high))),
        origin="lower",
        interpolation="nearest",
    )
    image.set_data(shown)
    image.set_clim(colours["vmin"], colours["vmax"])
    image.set_zorder(colours["zorder"])
    image.set_transform(ax.transLimits + ax.transAxes)
    image.set_clip_path(ax.patch)
    ax.add_image(image)
    return image


def raster(
    spectrogram: Spectrogram,
    low: float,
    high: float,
    *,
    log: bool = False,
    rows: int = 320,
    columns: int = 1200,
) -> FloatArray:
    """Return the decibels a picture shows, rows even on the axis, at most so many columns.

    A dot is the mean power of the windows in it, blank if more than half of
    them have no value; a row no frequency falls into takes the nearest one.
    """
    powers = spectrogram.values
    count = powers.shape[1]
    centres = np.geomspace(low, high, 2 * rows + 1) if log else np.linspace(low, high, 2 * rows + 1)
    edges, centres = centres[::2], centres[1::2]
    begin = np.searchsorted(spectrogram.frequencies, edges[:-1])
    stop = np.searchsorted(spectrogram.frequencies, edges[1:])
    nearest = np.abs(
        spectrogram.frequencies[
            np.clip(
                np.searchsorted(spectrogram.frequencies, centres)[:, None] + np.array([-1, 0]),
                0,
                len(spectrogram.frequencies) - 1,
            )
        ]
        - centres[:, None]
    ).argmin(axis=1)
    at = np.clip(
        np.searchsorted(spectrogram.frequencies, centres) - 1 + nearest,
        0,
        len(spectrogram.frequencies) - 1,
    )
    begin = np.where(stop > begin, begin, at)
    stop = np.where(stop > begin, stop, begin + 1)
    picture = powers[begin]
    for row in np.flatnonzero(stop - begin > 1):
        picture[row] = powers[begin[row] : stop[row]].mean(axis=0)
    if count > columns:
        pieces = np.linspace(0, count, columns + 1).astype(int)
        present: NDArray[np.bool_] = np.asarray(np.isfinite(powers).all(axis=0))
        held = np.where(present[:, None], picture.T, 0.0)  # a window a row: whole rows are added
        sums = np.add.reduceat(held, pieces[:-1], axis=0)
        n = np.add.reduceat(present.astype(float), pieces[:-1]).reshape(-1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            picture = np.where(2 * n >= np.diff(pieces)[:, None], sums / n, np.nan).T
    with np.errstate(divide="ignore", invalid="ignore"):
        decibels = 10.0 * np.log10(picture)
    decibels[~np.isfinite(decibels)] = np.nan
    return decibels
