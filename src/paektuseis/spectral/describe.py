"""All the attributes of a spectrum as rows of one table."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
from obspy import Stream, Trace

from .._segments import as_stream
from ..errors import ParameterError
from ..provenance import band_of
from ..tables import ATTRIBUTES
from ..times import TimeLike
from ..types import Spectrum
from .attributes import (
    HIGH_BAND,
    LOW_BAND,
    band_used,
    bandwidth,
    central_frequency,
    centroid_frequency,
    dominant_frequency,
    frequency_index,
    shape_factor,
    spectral_entropy,
)
from .fourier import amplitude_spectrum

MEASURES: dict[str, tuple[Callable[..., float], str, str]] = {
    "dominant_frequency": (dominant_frequency, "Hz", "peak of power, parabola in log power"),
    "centroid_frequency": (centroid_frequency, "Hz", "sum(f S)/sum(S), S power"),
    "central_frequency": (central_frequency, "Hz", "sqrt(m2/m0), moments of power"),
    "shape_factor": (shape_factor, "1", "sqrt(1 - m1**2/(m0 m2)), moments of power"),
    "bandwidth": (bandwidth, "Hz", "width at 0.707 of the peak amplitude"),
    "spectral_entropy": (spectral_entropy, "1", "-sum(p ln p)/ln K of power"),
}


def spectral_attributes(
    data: Trace | Stream | Spectrum,
    *,
    freqmin: float | None = None,
    freqmax: float | None = None,
    low: tuple[float, float] = LOW_BAND,
    high: tuple[float, float] = HIGH_BAND,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    event_id: str = "",
) -> pd.DataFrame:
    """Measure every attribute of one spectrum, or of each channel of a stream.

    Parameters
    ----------
    data : Trace, Stream or Spectrum
        Waveforms go through :func:`amplitude_spectrum` with its defaults.
    freqmin, freqmax : float, optional
        Hertz; the part of the spectrum used, for all but the frequency index.
    low, high : (float, float), optional
        Bands of the frequency index. Where the spectrum ends below them, or the data were
        filtered to less than both, it is NaN and ``method`` says why.
    starttime, endtime : UTCDateTime or str, optional
        Time to measure; only for waveforms.
    event_id : str, optional
        Written into each row.

    Returns
    -------
    DataFrame
        Schema :data:`paektuseis.tables.ATTRIBUTES`: one row for each attribute.

    Raises
    ------
    ParameterError
        If the band lies above the spectrum's last frequency or holds no sample of it.
    WaveformError
        If a record has a gap in the time asked for, or no sample.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(np.sin(2 * np.pi * 3 * np.arange(6000) / 100), {"delta": 0.01})
    >>> table = spectral_attributes(tone, freqmin=1, freqmax=10).set_index("attribute")
    >>> round(float(table.value["dominant_frequency"]), 3), table.units["dominant_frequency"]
    (3.0, 'Hz')
    """
    rows: list[dict[str, object]] = []
    if isinstance(data, Spectrum):
        if starttime is not None or endtime is not None:
            raise ParameterError("starttime and endtime are for waveforms, not for a Spectrum")
        rows += _rows(data, freqmin, freqmax, low, high, (None, None), event_id)
    else:
        stream = as_stream(data)
        for trace_id in sorted({trace.id for trace in stream}):
            traces = Stream([trace for trace in stream if trace.id == trace_id])
            spectrum = amplitude_spectrum(traces, starttime=starttime, endtime=endtime)
            rows += _rows(spectrum, freqmin, freqmax, low, high, band_of(traces[0]), event_id)
    return ATTRIBUTES.frame(rows)


def _rows(
    spectrum: Spectrum,
    freqmin: float | None,
    freqmax: float | None,
    low: tuple[float, float],
    high: tuple[float, float],
    filtered: tuple[float | None, float | None],
    event_id: str,
) -> list[dict[str, object]]:
    first, last = band_used(spectrum, freqmin, freqmax)
    common = {
        "trace_id": spectrum.trace_id,
        "starttime": spectrum.starttime,
        "endtime": spectrum.endtime,
        "coverage": spectrum.coverage,
        "event_id": event_id,
    }
    rows: list[dict[str, object]] = [
        {
            **common,
            "attribute": name,
            "units": units,
            "freqmin": first,
            "freqmax": last,
            "value": measure(spectrum, freqmin=freqmin, freqmax=freqmax),
            "method": f"{how}; {spectrum.method}",
        }
        for name, (measure, units, how) in MEASURES.items()
    ]
    how = f"log10(mean A in {high[0]:g}-{high[1]:g} Hz / mean A in {low[0]:g}-{low[1]:g} Hz)"
    why_not = _unfit(spectrum, low, high, filtered)
    value = math.nan if why_not else frequency_index(spectrum, low=low, high=high)
    rows.append(
        {
            **common,
            "attribute": "frequency_index",
            "units": "log10 ratio",
            "freqmin": low[0],
            "freqmax": high[1],
            "value": value,
            "method": f"{how}{why_not}; {spectrum.method}",
        }
    )
    return rows


def _unfit(
    spectrum: Spectrum,
    low: tuple[float, float],
    high: tuple[float, float],
    filtered: tuple[float | None, float | None],
) -> str:
    """Return why the frequency index would mislead, empty if it would not."""
    bottom, top = min(low[0], high[0]), max(low[1], high[1])
    step = float(spectrum.frequencies[1])
    if top > spectrum.frequencies[-1] + step / 2:
        return f"; not measured: the spectrum ends at {spectrum.frequencies[-1]:g} Hz"
    freqmin, freqmax = filtered
    if (freqmin is not None and freqmin > bottom) or (freqmax is not None and freqmax < top):
        return "; not measured: the data are filtered to less than both bands"
    return ""
