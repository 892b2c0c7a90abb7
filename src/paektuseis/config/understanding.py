"""Settings of what turns detections into understood events."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigError
from ._fields import band, one_of, positive, setting, share

SCALES = ("hutton_boore", "iaspei", "luckett", "bakun_joyner")


@dataclass(frozen=True, kw_only=True)
class PickSettings:
    """Arrivals of P and S."""

    enabled: bool = setting(True, "", "pick P and S of each event")


@dataclass(frozen=True, kw_only=True)
class LocationSettings:
    """Where an event was."""

    enabled: bool = setting(True, "", "locate each event that was picked")
    model_error: float = setting(
        0.05, "s", "standard error of travel times in the velocity model, added to each pick's"
    )
    max_depth_km: float = setting(40.0, "km", "deepest source looked for, below sea level")
    single_station: bool = setting(
        True, "", "where too few stations were picked, locate with the best single station"
    )

    def __post_init__(self) -> None:
        positive("location", max_depth_km=self.max_depth_km)
        if self.model_error < 0:
            raise ConfigError(f"location.model_error={self.model_error}: cannot be negative")


@dataclass(frozen=True, kw_only=True)
class MagnitudeSettings:
    """How large an event was."""

    enabled: bool = setting(True, "", "magnitudes of each located event")
    scale: str = setting("luckett", "", "local magnitude: " + ", ".join(SCALES))
    moment: bool = setting(True, "", "moment magnitude from displacement spectra (Brune)")

    def __post_init__(self) -> None:
        one_of("magnitudes", "scale", self.scale, SCALES)


@dataclass(frozen=True, kw_only=True)
class ClassSettings:
    """What kind of event it was."""

    enabled: bool = setting(True, "", "features and class of each event")


@dataclass(frozen=True, kw_only=True)
class FamilySettings:
    """Events that look alike."""

    enabled: bool = setting(True, "", "compare the events of a run with each other")
    min_correlation: float = setting(0.7, "", "events at least this alike are one family")
    freqmin: float = setting(1.0, "Hz", "lower corner of the band compared")
    freqmax: float = setting(10.0, "Hz", "upper corner of the band compared")
    before: float = setting(1.0, "s", "record compared before the onset")
    length: float = setting(10.0, "s", "length of the record compared")

    def __post_init__(self) -> None:
        share("families", min_correlation=self.min_correlation)
        band("families", self.freqmin, self.freqmax)
        positive("families", before=self.before, length=self.length)
