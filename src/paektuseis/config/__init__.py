"""Settings of a run: one TOML file becomes one frozen value.

Every setting has a default, a unit and a sentence (``paektuseis config show``
prints them all); an unknown key is refused with the nearest known name.
"""

from .loading import load_settings, settings_from_mapping
from .settings import (
    AmplitudeSettings,
    DataSettings,
    DetectorSettings,
    EventSettings,
    PageSettings,
    RatioSettings,
    Settings,
    SpectralSettings,
)
from .text import settings_hash, settings_to_toml
from .understanding import (
    ClassSettings,
    FamilySettings,
    LocationSettings,
    MagnitudeSettings,
    PickSettings,
)

__all__ = [
    "AmplitudeSettings",
    "ClassSettings",
    "DataSettings",
    "DetectorSettings",
    "EventSettings",
    "FamilySettings",
    "LocationSettings",
    "MagnitudeSettings",
    "PageSettings",
    "PickSettings",
    "RatioSettings",
    "Settings",
    "SpectralSettings",
    "load_settings",
    "settings_from_mapping",
    "settings_hash",
    "settings_to_toml",
]
