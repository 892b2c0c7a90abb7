"""What all settings are made of: fields with unit and meaning, and the checks of their values."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from ..errors import ConfigError
from ..types import Band


def setting(default: Any, unit: str, help_: str) -> Any:
    """Return a field with its default, unit and a sentence."""
    return field(default=default, metadata={"unit": unit, "help": help_})


def positive(where: str, **values: float | None) -> None:
    """Refuse a number that is not above 0."""
    for name, value in values.items():
        if value is not None and not value > 0:
            raise ConfigError(f"{where}.{name}={value}: must be greater than 0")


def share(where: str, **values: float) -> None:
    """Refuse a number outside 0 to 1."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ConfigError(f"{where}.{name}={value}: must lie between 0 and 1")


def one_of(where: str, name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not among the allowed ones."""
    if value not in allowed:
        raise ConfigError(f"{where}.{name}={value!r}: choose one of {', '.join(allowed)}")


def band(where: str, freqmin: float | None, freqmax: float | None) -> None:
    """Refuse corners that make no band."""
    try:
        Band(freqmin=freqmin, freqmax=freqmax)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
