"""Scales of local magnitude: each carries its amplitude unit, seismograph and distances."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from math import inf, isfinite, isnan, log10, nan
from typing import Any

import numpy as np

from ..errors import ParameterError
from .wood_anderson import MEASURES, WoodAnderson

COMPONENTS = ("geometric_mean", "mean", "max", "vertical")
DISTANCES = ("hypocentral", "epicentral")
UNITS: dict[str, float] = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9}
"""Metres in one unit of amplitude."""


@dataclass(frozen=True, kw_only=True)
class MagnitudeScale:
    """A formula of local magnitude with everything an amplitude must be to go into it.

    ``ML = log10 A + spread log10(R / reference_km) + attenuation (R - reference_km) + constant
    + near_amplitude exp(-near_decay R)``, or ``log10 A + R(distance)`` where a ``table`` is given.

    Attributes
    ----------
    name : str
    amplitude_units : str
        ``"mm"``, ``"um"``, ``"nm"`` or ``"m"``.
    trace : bool
        True: A is the deflection of a Wood-Anderson with its magnification (``seismograph.gain``);
        False: A is ground displacement as seen through a Wood-Anderson of unit gain.
    spread, attenuation, reference_km, constant : float
        Of the formula; ``attenuation`` per km. ``reference_km=0`` drops the reference: log10 R
        with R in km, and attenuation times R.
    near_amplitude, near_decay : float
        Of the exponential near the source (per km).
    table : tuple of (distance_km, R), optional
        Calibration function, linear in between; distances rise. It replaces the coefficients.
    distance : {"hypocentral", "epicentral"}
        What the distance is.
    components : {"geometric_mean", "mean", "max", "vertical"}
        How the horizontals make one amplitude (the geometric mean is the mean of the magnitudes
        of the two), or that the vertical is read.
    measure : {"zero_to_peak", "half_peak_to_peak"}
    seismograph : WoodAnderson
        The seismograph simulated.
    min_distance_km, max_distance_km : float
        Where the scale holds.
    sigma : float
        Standard deviation of one station's magnitude, NaN where nobody stated one.
    source : str
        Where it was published.

    Raises
    ------
    ParameterError
        If something is no choice, or a table does not rise.

    Examples
    --------
    >>> magnitude_scale("hutton_boore").magnitude(1.0, 100.0, units="mm")
    3.0
    """

    name: str
    amplitude_units: str
    trace: bool = True
    spread: float = nan
    attenuation: float = 0.0
    reference_km: float = 0.0
    constant: float = 0.0
    near_amplitude: float = 0.0
    near_decay: float = 0.0
    table: tuple[tuple[float, float], ...] = ()
    distance: str = "hypocentral"
    components: str = "geometric_mean"
    measure: str = "zero_to_peak"
    seismograph: WoodAnderson = field(default_factory=WoodAnderson)
    min_distance_km: float = 0.0
    max_distance_km: float = inf
    sigma: float = nan
    source: str = ""

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("amplitude_units", self.amplitude_units, tuple(UNITS)),
            ("components", self.components, COMPONENTS),
            ("distance", self.distance, DISTANCES),
            ("measure", self.measure, MEASURES),
        ):
            if value not in allowed:
                raise ParameterError(
                    f"{name}={value!r} of {self.name}; one of {', '.join(allowed)}"
                )
        if not self.name:
            raise ParameterError("a magnitude scale needs a name: it stands in every row")
        if not 0 <= self.min_distance_km < self.max_distance_km:
            raise ParameterError(
                f"{self.name}: distances {self.min_distance_km} to {self.max_distance_km} km; "
                "0 <= min_distance_km < max_distance_km is needed"
            )
        if self.table:
            self._check_table()
        elif isnan(self.spread):
            raise ParameterError(f"{self.name}: give spread and constant, or a table")

    def _check_table(self) -> None:
        try:
            km, r = (np.asarray(c, dtype=np.float64) for c in zip(*self.table, strict=True))
        except (TypeError, ValueError) as error:
            raise ParameterError(
                f"{self.name}: a table is pairs of distance (km) and R: {error}"
            ) from error
        if len(km) < 2 or not np.isfinite([*km, *r]).all() or km[0] < 0 or (np.diff(km) <= 0).any():
            raise ParameterError(
                f"{self.name}: the table needs two or more finite pairs with rising distances (km)"
            )
        if not isnan(self.spread):
            raise ParameterError(f"{self.name}: give spread or a table, not both")

    @property
    def limits_km(self) -> tuple[float, float]:
        """Where the scale holds; a table holds no further than it reaches."""
        low, high = self.min_distance_km, self.max_distance_km
        if self.table:
            low, high = max(low, self.table[0][0]), min(high, self.table[-1][0])
        return low, high

    def holds_at(self, distance_km: float) -> bool:
        """Return whether a distance lies where the scale holds."""
        low, high = self.limits_km
        return low <= distance_km <= high

    def correction(self, distance_km: float, *, extrapolate: bool = False) -> float:
        """Return what is added to log10 A at a distance (-log10 A0).

        Parameters
        ----------
        distance_km : float
            Hypocentral or epicentral, as ``distance`` says.
        extrapolate : bool, optional
            Give a value outside ``limits_km`` too (never outside a table).

        Returns
        -------
        float

        Raises
        ------
        ParameterError
            If the distance is not positive, or outside the limits.
        """
        if not (isfinite(distance_km) and distance_km >= 0) or (
            distance_km == 0 and not self.table
        ):
            raise ParameterError(f"distance_km={distance_km}; give a positive distance")
        low, high = self.limits_km
        outside_table = self.table and not self.table[0][0] <= distance_km <= self.table[-1][0]
        if not self.holds_at(distance_km) and (not extrapolate or outside_table):
            raise ParameterError(
                f"{self.distance} distance {distance_km:.4g} km is outside the {low:g} to {high:g} "
                f"km of {self.name}; choose another scale"
                + ("" if outside_table else " or extrapolate=True")
            )
        if self.table:
            km, r = zip(*self.table, strict=True)
            return float(np.interp(distance_km, km, r))
        reference = self.reference_km or 1.0
        out = self.spread * log10(distance_km / reference)
        out += self.attenuation * (distance_km - self.reference_km) + self.constant
        return out + self.near_amplitude * float(np.exp(-self.near_decay * distance_km))

    def magnitude(
        self, amplitude: float, distance_km: float, *, units: str, extrapolate: bool = False
    ) -> float:
        """Return the magnitude of an amplitude at a distance.

        Parameters
        ----------
        amplitude : float
            What the scale asks for: deflection of the Wood-Anderson where ``trace``, else ground
            displacement through a Wood-Anderson of unit gain.
        distance_km : float
        units : str
            Of the amplitude, to be written out: ``"mm"``, ``"um"``, ``"nm"``, ``"m"``.
        extrapolate : bool, optional

        Returns
        -------
        float

        Raises
        ------
        ParameterError
            If the amplitude is not positive, its unit is unknown, or the distance is outside.
        """
        if units not in UNITS:
            raise ParameterError(f"units={units!r} of an amplitude; one of {', '.join(UNITS)}")
        if not (isfinite(amplitude) and amplitude > 0):
            raise ParameterError(f"amplitude={amplitude} {units}; give a positive number")
        own = log10(amplitude) + round(log10(UNITS[units] / UNITS[self.amplitude_units]), 9)
        return own + self.correction(distance_km, extrapolate=extrapolate)

    def from_motion(self, displacement_m: float) -> float:
        """Return the amplitude in the scale's own unit of a displacement through unit gain.

        Parameters
        ----------
        displacement_m : float
            Metres of ground displacement through the seismograph's response of unit gain.

        Returns
        -------
        float
            In ``amplitude_units``; with the magnification where ``trace``.
        """
        gain = self.seismograph.gain if self.trace else 1.0
        return displacement_m * gain / UNITS[self.amplitude_units]

    @property
    def amplitude_text(self) -> str:
        """The unit with what it is of, for tables."""
        if self.trace:
            return f"{self.amplitude_units} (Wood-Anderson, gain {self.seismograph.gain:g})"
        return f"{self.amplitude_units} (Wood-Anderson of unit gain)"

    @property
    def text(self) -> str:
        """Name with the magnification where it counts."""
        return f"{self.name}, gain {self.seismograph.gain:g}" if self.trace else self.name


_REGIONAL = "as coded in QuakeMigrate; distances not stated there"


def _seventeen(name: str, spread: float, attenuation: float, source: str) -> MagnitudeScale:
    """A scale in the form that gives ML 3 for 10 mm at 17 km (Hutton & Boore 1987)."""
    return MagnitudeScale(
        name=name,
        amplitude_units="mm",
        spread=spread,
        attenuation=attenuation,
        reference_km=17.0,
        constant=2.0,
        source=f"{source}, {_REGIONAL}",
    )


SCALES: dict[str, MagnitudeScale] = {
    scale.name: scale
    for scale in (
        MagnitudeScale(
            name="hutton_boore",
            amplitude_units="mm",
            spread=1.110,
            attenuation=0.00189,
            reference_km=100.0,
            constant=3.0,
            min_distance_km=10.0,
            max_distance_km=700.0,
            sigma=0.21,
            source="Hutton & Boore (1987), southern California",
        ),
        MagnitudeScale(
            name="iaspei",
            amplitude_units="nm",
            trace=False,
            spread=1.11,
            attenuation=0.00189,
            constant=-2.09,
            measure="half_peak_to_peak",
            min_distance_km=10.0,
            max_distance_km=1000.0,
            source="IASPEI (2013) standard, attenuation of southern California",
        ),
        MagnitudeScale(
            name="luckett",
            amplitude_units="nm",
            trace=False,
            spread=1.11,
            attenuation=0.00189,
            constant=-2.09,
            near_amplitude=-1.16,
            near_decay=0.2,
            measure="half_peak_to_peak",
            max_distance_km=1000.0,
            source="Luckett et al. (2019), British Isles",
        ),
        MagnitudeScale(
            name="bakun_joyner",
            amplitude_units="mm",
            spread=1.0,
            attenuation=0.00301,
            reference_km=100.0,
            constant=3.0,
            max_distance_km=400.0,
            source="Bakun & Joyner (1984), central California",
        ),
        _seventeen("greenfield_askja", 1.4406, 0.003, "Greenfield et al. (2018), Askja"),
        _seventeen(
            "greenfield_bardarbunga", 1.2534, 0.0032, "Greenfield et al. (2018), Bardarbunga"
        ),
        _seventeen("greenfield_combined", 1.1999, 0.0016, "Greenfield et al. (2018), both"),
        _seventeen("keir", 1.196997, 0.001066, "Keir et al. (2006), Ethiopia"),
        _seventeen("danakil", 1.274336, -0.000273, "Illsley-Kemp et al. (2017), Danakil"),
    )
}
"""The scales that are known by name."""


def unknown_scale(scale: Any, known: Collection[str], other: str) -> ParameterError:
    """Return the error for a scale of no known name, with the nearest name."""
    near = difflib.get_close_matches(str(scale), known, n=1, cutoff=0.4)
    return ParameterError(
        f"scale={scale!r} is not known; "
        + (f"did you mean {near[0]!r}? " if near else "")
        + f"Known: {', '.join(known)}, or {other}"
    )


def magnitude_scale(scale: str | MagnitudeScale, **changes: Any) -> MagnitudeScale:
    """Return a scale by its name, with changes where asked.

    Parameters
    ----------
    scale : str or MagnitudeScale
        ``"hutton_boore"``, ``"iaspei"``, ``"luckett"``, ``"bakun_joyner"``,
        ``"greenfield_askja"``, ``"greenfield_bardarbunga"``, ``"greenfield_combined"``,
        ``"keir"``, ``"danakil"``, or a scale of one's own.
    **changes
        Attributes of :class:`MagnitudeScale` to replace; ``gain=2800`` changes the seismograph's.

    Returns
    -------
    MagnitudeScale

    Raises
    ------
    ParameterError
        If there is no such scale or attribute.

    Notes
    -----
    No scale has been published for Mount Paektu's network: every one here is of elsewhere. A
    calibration function R of the form of GB 17740 comes as a ``table``, supplied by whoever has
    it: ``MagnitudeScale(name=..., amplitude_units="um", trace=False, distance="epicentral",
    components="mean", table=...)``.

    Examples
    --------
    >>> round(magnitude_scale("bakun_joyner").magnitude(1.0, 100.0, units="mm"), 3)
    3.0
    >>> magnitude_scale("hutton_boore", gain=2800).seismograph.gain
    2800
    """
    if isinstance(scale, MagnitudeScale):
        found = scale
    elif scale in SCALES:
        found = SCALES[scale]
    else:
        raise unknown_scale(scale, SCALES, "a MagnitudeScale")
    if "gain" in changes:
        changes["seismograph"] = replace(found.seismograph, gain=changes.pop("gain"))
    unknown = set(changes) - set(MagnitudeScale.__dataclass_fields__)
    if unknown:
        raise ParameterError(f"a MagnitudeScale has no {', '.join(sorted(unknown))}")
    return replace(found, **changes) if changes else found
