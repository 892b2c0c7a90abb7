"""Rules that tell classes of events from published features, each open to be read and changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, isfinite, log

from ..errors import ParameterError
from ..tables import FEATURES, LABELS

FLOOR = 1e-3
"""No single feature makes a class less likely than by this factor."""


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """What one feature of a class should be.

    Attributes
    ----------
    feature : str
        Column of ``tables.FEATURES``.
    above, below : float, optional
        Limits; one or both.
    width : float
        Distance from the limit, in the feature's unit, over which the membership goes from
        0.5 to 0.73 (a logistic function). With ``relative`` it is a share of the limit.
    relative : bool
        Compare logarithms: for times and ratios, which are positive.
    source : str
        Where the limit comes from.
    """

    feature: str
    above: float | None = None
    below: float | None = None
    width: float = 0.1
    relative: bool = False
    source: str = "chosen here"

    def __post_init__(self) -> None:
        if self.feature not in {c.name for c in FEATURES.columns if c.kind == "float"}:
            raise ParameterError(f"feature={self.feature!r} is no number of tables.FEATURES")
        if self.above is None and self.below is None:
            raise ParameterError(f"the criterion on {self.feature} has no limit")
        if not self.width > 0:
            raise ParameterError(f"width={self.width}; give a positive number")
        limits = [v for v in (self.above, self.below) if v is not None]
        if self.relative and min(limits) <= 0:
            raise ParameterError(f"{self.feature}: relative limits must be positive")

    def membership(self, value: float) -> float:
        """Return how well a value fits, 0 to 1; 0.5 on a limit and where it is missing."""
        if not isfinite(value):
            return 0.5
        result = 1.0
        for limit, sign in ((self.above, 1.0), (self.below, -1.0)):
            if limit is None:
                continue
            if self.relative:
                away = log(max(value, 1e-6) / limit) / self.width
            else:
                away = (value - limit) / self.width
            result *= 1.0 / (1.0 + exp(-max(min(sign * away, 50.0), -50.0)))
        return max(result, FLOOR)

    @property
    def text(self) -> str:
        """The limits as a reader says them."""
        if self.above is not None and self.below is not None:
            return f"{self.above:g} to {self.below:g}"
        return f"> {self.above:g}" if self.above is not None else f"< {self.below:g}"


_BW = "Buurman & West 2010"


def _above(feature: str, limit: float, **more: object) -> Criterion:
    return Criterion(feature=feature, above=limit, **more)  # type: ignore[arg-type]


def _below(feature: str, limit: float, **more: object) -> Criterion:
    return Criterion(feature=feature, below=limit, **more)  # type: ignore[arg-type]


_R = {"relative": True, "width": 0.15}
_WIDE = {"relative": True, "width": 0.3}
_SEEN = _above("snr", 1.55, relative=True, width=0.1)
_NO_VLP = _below("snr_vlp", 1.6, relative=True, width=0.1, source="band: Chouet 1996; chosen here")
_NO_LONG = _below("vlp_ratio", 0.0, width=0.5)
_LOCAL = _below("peak_delay", 8.0, **_R)
_SHORT = _below("significant_duration", 11.0, **_R)
_NEAR = _below("apparent_velocity", 9.0, relative=True, width=0.2, source="Pn: 8 km/s")
_NOT_HARMONIC = _below("harmonicity", 1.0, width=0.15)

DEFAULT: dict[str, tuple[Criterion, ...]] = {
    "VT": (
        _SEEN, _LOCAL, _SHORT, _NO_VLP, _NOT_HARMONIC, _NEAR,
        _above("frequency_index", -0.4, width=0.15, source=_BW),
        _below("low_peak", 0.42, width=0.12),
        _above("fi_onset", 0.06, width=0.05),
        _below("sp_time", 6.0, **_WIDE),
        _below("ps_ratio", 0.1, width=0.1, source="P/S in 6-12 Hz; limit chosen here"),
    ),
    "hybrid": (
        _SEEN, _LOCAL, _SHORT, _NO_VLP, _NOT_HARMONIC, _NEAR,
        _above("frequency_index", -1.3, width=0.15, source=_BW),
        _above("low_peak", 0.42, width=0.12),
        _below("fi_onset", 0.06, width=0.05),
        _below("sp_time", 6.0, **_WIDE),
        _below("ps_ratio", 0.1, width=0.1, source="P/S in 6-12 Hz; limit chosen here"),
    ),
    "LP": (
        _SEEN, _LOCAL, _SHORT, _NO_VLP, _NEAR,
        _below("frequency_index", -1.3, width=0.15, source=_BW),
        _below("centroid_frequency", 5.0, relative=True, width=0.2, source="band: Chouet 1996"),
        _above("centroid_frequency", 1.4, relative=True, width=0.1),
        _below("snr_ulp", 3.0, relative=True, width=0.2),
    ),
    "VLP": (
        _above("snr_vlp", 1.6, relative=True, width=0.1, source="band: Chouet 1996; chosen here"),
        _below("snr_mid", 4.0, relative=True, width=0.2),
        _above("vlp_ratio", 0.0, width=0.5),
        _below("snr_ulp", 3.0, relative=True, width=0.2),
    ),
    "harmonic": (
        _SEEN, _NO_VLP,
        _above("harmonicity", 1.0, width=0.15, source="Roman 2017 has 30 (1.48) in 1 min; here"),
        _below("fi_onset", -0.45, width=0.1),
        _below("kurtosis", 5.0, relative=True, width=0.15),
        Criterion(
            feature="significant_duration", above=12.0, below=60.0, relative=True, width=0.15
        ),
    ),
    "tremor": (
        _SEEN, _NO_VLP,
        _above("significant_duration", 60.0, **_R),
        _below("kurtosis", 6.0, relative=True, width=0.15),
        _above("peak_delay", 15.0, **_R),
        _below("fi_onset", -0.45, width=0.1),
    ),
    "explosion": (
        _SEEN, _NO_LONG,
        _above("peak_delay", 6.0, **_R),
        _below("peak_delay_high", 4.2, **_R),
        _above("significant_duration", 11.0, **_R),
        _below("significant_duration", 32.0, **_R),
        _NOT_HARMONIC,
        _above("frequency_index", -1.6, width=0.15),
        _above("fi_onset", -0.3, width=0.1),
        _above("ps_ratio", 0.05, width=0.08, source="P/S in 6-12 Hz; limit chosen here"),
    ),
    "regional": (
        _SEEN,
        _NO_LONG,
        _above("significant_duration", 11.0, **_R),
        _above("peak_delay_high", 4.2, **_R),
        _NOT_HARMONIC,
        _above("kurtosis", 5.0, relative=True, width=0.2),
        _above("frequency_index", -2.0, width=0.15),
        _above("fi_onset", -0.5, width=0.1),
        _above("apparent_velocity", 5.5, relative=True, width=0.3, source="Pg 6, Pn 8 km/s"),
        _above("sp_time", 3.0, **_WIDE),
        _below("ps_ratio", 0.05, width=0.08, source="P/S in 6-12 Hz; limit chosen here"),
    ),
    "teleseism": (
        _SEEN,
        _above("snr_ulp", 2.0, relative=True, width=0.15),
        _below("frequency_index", -1.9, width=0.2),
        _below("centroid_frequency", 1.6, relative=True, width=0.1),
        _below("bandwidth", 1.2, relative=True, width=0.15),
        _above("significant_duration", 10.0, **_R),
        _above("apparent_velocity", 8.0, **_WIDE),
    ),
    "noise": (
        _below("snr", 1.55, relative=True, width=0.1),
        _below("snr_vlp", 1.6, relative=True, width=0.1),
        _below("snr_ulp", 2.0, relative=True, width=0.15),
    ),
}  # fmt: skip
"""Criteria of each class."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Criteria of each class; the score of a class is the product of their memberships.

    Attributes
    ----------
    classes : mapping of str to tuple of Criterion
        By label.
    catalogue_tolerance : float
        Seconds: an onset nearer than this to the predicted first arrival of an earthquake of
        the catalogue is that earthquake (farther than 10 degrees a teleseism, else regional).
    volcano_radius_km : float
        An epicentre farther away is none of the volcano's.
    """

    classes: Mapping[str, tuple[Criterion, ...]] = field(default_factory=lambda: dict(DEFAULT))
    catalogue_tolerance: float = 8.0
    volcano_radius_km: float = 40.0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.classes) - set(LABELS))
        if unknown or not self.classes:
            raise ParameterError(f"classes {unknown} are none of {', '.join(LABELS)}")
        if not (self.catalogue_tolerance > 0 and self.volcano_radius_km > 0):
            raise ParameterError("catalogue_tolerance and volcano_radius_km must be positive")
