"""From TOML to :class:`Settings`, refusing what is not understood."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ConfigError
from .settings import DetectorSettings, Settings

T = TypeVar("T")


def load_settings(path: str | Path | None = None) -> Settings:
    """Return the settings of a TOML file, or the defaults.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file with any of the tables ``[data] [[detectors]] [amplitude] [ratios]
        [spectra] [events] [picks] [location] [magnitudes] [classes] [families] [pages]``. What
        it leaves out keeps its default; ``[[detectors]]``, where given, replace the defaults.

    Returns
    -------
    Settings

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, holds an unknown key or an
        impossible value; the message names the file, the key and the remedy.

    Examples
    --------
    >>> load_settings().detectors[0].name
    'vt'
    """
    if path is None:
        return Settings()
    path = Path(path)
    try:
        with path.open("rb") as stream:
            mapping = tomllib.load(stream)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    try:
        return settings_from_mapping(mapping)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def settings_from_mapping(mapping: Mapping[str, Any]) -> Settings:
    """Return the settings held in nested mappings, as TOML gives them.

    Parameters
    ----------
    mapping : mapping
        Tables by name.

    Returns
    -------
    Settings

    Raises
    ------
    ConfigError
        On an unknown key or an impossible value.
    """
    return _build(Settings, mapping, "")


def _build(cls: type[T], mapping: Mapping[str, Any], where: str) -> T:
    hints = typing.get_type_hints(cls)
    names = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        label = f"{where}.{key}" if where else key
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(names)}"
            raise ConfigError(f"unknown key {label!r}{hint}")
        values[key] = _convert(hints[key], value, label)
    return cls(**values)


def _convert(hint: Any, value: Any, label: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType or origin is typing.Union:
        if value == "none":
            return None
        return _convert(next(a for a in args if a is not type(None)), value, label)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{label} must be a table, not {value!r}")
        return _build(typing.cast(type, hint), value, label)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            value = [value] if args[0] is str else value
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{label} must be a list, not {value!r}")
        if args[0] is DetectorSettings:
            return tuple(_build_detector(v, f"{label}[{i}]") for i, v in enumerate(value))
        return tuple(_convert(args[0], v, f"{label}[{i}]") for i, v in enumerate(value))
    if origin is typing.Literal:  # which of the words are allowed is checked by the settings
        return _scalar(str, value, label)
    return _scalar(hint, value, label)


def _build_detector(value: Any, label: str) -> DetectorSettings:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{label} must be a table, not {value!r}")
    return _build(DetectorSettings, value, label)


def _scalar(hint: type, value: Any, label: str) -> Any:
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint in (str, bool) and isinstance(value, hint):
        return value
    words = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
    raise ConfigError(f"{label}={value!r} must be {words[hint]}")
