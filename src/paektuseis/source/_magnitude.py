"""What a magnitude is: network value, uncertainty, and the stations it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan, pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ParameterError
from ..tables import MAGNITUDES, STATION_MAGNITUDES

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("median", "mean")


@dataclass(frozen=True, kw_only=True, eq=False)
class Magnitude:
    """A magnitude of one event.

    Attributes
    ----------
    value : float
        NaN where it was refused (``note`` says why).
    uncertainty : float
        One standard error from the scatter of the stations; of a single station the standard
        deviation its scale states, NaN where it states none.
    n : int
        Stations used.
    kind : str
        ML, Md, Mw or Me.
    scale : str
        Name of the formula.
    method : str
        How it was obtained, in words a paper could print.
    stations : DataFrame
        Table ``tables.STATION_MAGNITUDES``: also what was refused, with the reason.
    units : str
        Empty: a magnitude has no unit.
    note : str
        Why refused, or remarks.
    corner_frequency, corner_uncertainty : float
        Mw: corner of the source spectrum in Hz and its standard error.
    moment, moment_factor : float
        Mw: seismic moment in N m, and the factor that is one standard error (1.5: between
        moment / 1.5 and moment * 1.5).
    energy : float
        Me: seismic energy in J.
    spectra : tuple
        Mw: one :class:`SourceFit` for each station and phase.
    details : dict
        Whatever else the method has to say.
    """

    value: float
    uncertainty: float
    n: int
    kind: str
    scale: str
    method: str
    stations: pd.DataFrame
    units: str = ""
    note: str = ""
    corner_frequency: float = nan
    corner_uncertainty: float = nan
    moment: float = nan
    moment_factor: float = nan
    energy: float = nan
    spectra: tuple[Any, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def __float__(self) -> float:
        return float(self.value)

    @property
    def station_codes(self) -> tuple[str, ...]:
        """``NET.STA`` of the stations used, in order."""
        used = self.stations[self.stations["used"]]
        return tuple(dict.fromkeys(".".join(i.split(".")[:2]) for i in used["trace_id"]))

    def row(self, event_id: str = "") -> dict[str, Any]:
        """Return the magnitude as one row of ``tables.MAGNITUDES``."""
        same = (
            "kind", "scale", "value", "uncertainty", "n", "corner_frequency",
            "corner_uncertainty", "moment", "note",
        )  # fmt: skip
        return {
            "event_id": event_id,
            "stations": self.station_codes,
            **{name: getattr(self, name) for name in same},
        }

    def table(self, event_id: str = "") -> pd.DataFrame:
        """Return the magnitude as a table of one row (``tables.MAGNITUDES``)."""
        return MAGNITUDES.frame([self.row(event_id)])


def network_value(values: Any, statistic: str, sigma: float = nan) -> tuple[float, float]:
    """Return the value of several stations and its standard error.

    The error is the sample standard deviation over the root of n, times sqrt(pi/2) for the
    median of three or more; of one station it is ``sigma``.
    """
    if statistic not in STATISTICS:
        raise ParameterError(f"statistic={statistic!r}; choose {' or '.join(STATISTICS)}")
    x = np.asarray(values, dtype=np.float64)
    if not x.size:
        return nan, nan
    value = float(np.median(x) if statistic == "median" else x.mean())
    if x.size == 1:
        return value, float(sigma)
    error = float(x.std(ddof=1)) / sqrt(x.size)
    if statistic == "median" and x.size > 2:
        error *= sqrt(pi / 2)
    return value, error


def gathered(
    rows: list[dict[str, Any]],
    *,
    kind: str,
    scale: str,
    method: str,
    statistic: str,
    sigma: float = nan,
    problems: list[str] | None = None,
    remarks: tuple[str, ...] = (),
    **more: Any,
) -> Magnitude:
    """Make a magnitude of station rows: network value, residuals, reasons."""
    used = [row for row in rows if row["used"]]
    value, error = network_value([row["value"] for row in used], statistic, sigma)
    for row in rows:
        row.update(kind=kind, scale=scale, residual=row["value"] - value)
    refused = [f"{row['trace_id']}: {row['note']}" for row in rows if not row["used"]]
    if problems is not None:
        problems.extend(f"{kind}: {text}" for text in refused)
    notes = list(remarks)
    if not used:
        notes.append("no station gave a value" + (": " + "; ".join(refused) if refused else ""))
    elif len(used) == 1:
        known = "standard deviation of the scale" if np.isfinite(sigma) else "uncertainty unknown"
        notes.append(f"a single station: {known}")
    return Magnitude(
        value=value,
        uncertainty=error,
        n=len(used),
        kind=kind,
        scale=scale,
        method=method,
        stations=STATION_MAGNITUDES.frame(rows),
        note="; ".join(notes),
        **more,
    )


def station_row(
    trace_id: str,
    distance_km: float,
    units: str,
    *,
    event_id: str = "",
    value: float = nan,
    amplitude: float = nan,
    note: str = "",
    used: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Return a row of ``tables.STATION_MAGNITUDES``, without kind, scale and residual."""
    return {
        "event_id": event_id,
        "trace_id": trace_id,
        "value": value,
        "amplitude": amplitude,
        "units": units,
        "distance_km": distance_km,
        "used": used,
        "note": note,
        **more,
    }


def correction_of(corrections: Mapping[str, float] | None, key: str) -> float:
    """Return the correction of a station (``NET.STA`` or its code), 0 where none is given."""
    if not corrections:
        return 0.0
    value = float(corrections.get(key, corrections.get(key.split(".")[-1], 0.0)))
    if not np.isfinite(value):
        raise ParameterError(f"the magnitude correction of {key} is {value}; give a number")
    return value
