"""Network profiles as TOML files: read strictly, so that a mistyped key is not lost."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from obspy import UTCDateTime

from ..errors import ConfigError, ParameterError
from ..times import as_utc
from .model import Layer, VelocityModel
from .network import Network
from .records import AzimuthCorrection, Caldera, ContaminatingSource, NetworkStation, Place

T = TypeVar("T")

_TIMES = ("starttime", "endtime")
_TEXTS = ("name", "title", "network", "station", "kind", "certainty", "source", "note")
_SECTIONS: dict[str, type] = {
    "stations": NetworkStation,
    "places": Place,
    "sources": ContaminatingSource,
    "azimuth_corrections": AzimuthCorrection,
}
_HEAD = ("name", "title", "latitude", "longitude", "note")


def shipped_networks() -> tuple[str, ...]:
    """Return the names of the profiles that come with the library.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> shipped_networks()
    ('paektu',)
    """
    folder = resources.files("paektuseis") / "networks"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def load_network(name_or_path: str | os.PathLike[str]) -> Network:
    """Load the profile of a volcano network.

    Parameters
    ----------
    name_or_path : str or path
        Name of a profile that ships (``"paektu"``), or the path of a TOML file.

    Returns
    -------
    Network

    Raises
    ------
    ConfigError
        If there is no such profile; if the file is no TOML; if it has an
        unknown key or an impossible value. The message names file and key.

    Examples
    --------
    >>> net = load_network("paektu")
    >>> net.name, net.station("1U.SMSD").elevation_m
    ('paektu', 1443.0)
    """
    given = os.fspath(name_or_path)
    if given in shipped_networks():
        resource = resources.files("paektuseis") / "networks" / f"{given}.toml"
        return parse_network(resource.read_text(encoding="utf-8"), origin=f"{given}.toml")
    path = Path(given)
    if not path.is_file():
        near = difflib.get_close_matches(given, shipped_networks(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"no network {given!r}: neither a file nor a profile that ships "
            f"({', '.join(shipped_networks())}); {hint}give one of these names or a TOML file"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text: {error}") from error
    return parse_network(text, origin=str(path))


def parse_network(text: str, *, origin: str) -> Network:
    """Make a network from the text of a profile.

    Parameters
    ----------
    text : str
        TOML.
    origin : str
        What messages call it, such as the name of the file.

    Returns
    -------
    Network

    Raises
    ------
    ConfigError
        If it is no TOML, has an unknown key or an impossible value.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin} is no valid TOML: {error}") from error
    _refuse_unknown(data, ("network", "caldera", "velocity", *_SECTIONS), origin, "")
    head = _table(data.get("network"), origin, "network")
    _refuse_unknown(head, _HEAD, origin, "network.")
    items: dict[str, Any] = {"name": Path(origin).stem}
    items.update({key: _value(key, value, origin, f"network.{key}") for key, value in head.items()})
    for key in ("latitude", "longitude"):
        if key not in items:
            raise ConfigError(f"{origin}: network.{key} is missing")
    for section, kind in _SECTIONS.items():
        items[section] = tuple(
            _build(kind, entry, origin, f"{section}[{i}]")
            for i, entry in enumerate(_list(data.get(section, []), origin, section))
        )
    if "caldera" in data:
        items["caldera"] = _build(
            Caldera, _table(data["caldera"], origin, "caldera"), origin, "caldera"
        )
    if "velocity" in data:
        items["velocity"] = _velocity(_table(data["velocity"], origin, "velocity"), origin)
    return _make(Network, items, origin, "network")


def _velocity(data: Mapping[str, Any], origin: str) -> VelocityModel:
    _refuse_unknown(data, [f.name for f in fields(VelocityModel)], origin, "velocity.")
    items = {k: _value(k, v, origin, f"velocity.{k}") for k, v in data.items() if k != "layers"}
    layers = tuple(
        _build(Layer, entry, origin, f"velocity.layers[{i}]")
        for i, entry in enumerate(_list(data.get("layers", []), origin, "velocity.layers"))
    )
    return _make(VelocityModel, {**items, "layers": layers}, origin, "velocity.layers")


def _build(kind: type[T], entry: Any, origin: str, where: str) -> T:
    """Make one dataclass from one TOML table."""
    table = _table(entry, origin, where)
    members = fields(kind)  # type: ignore[arg-type]
    _refuse_unknown(table, [f.name for f in members], origin, f"{where}.")
    for member in members:
        needed = member.default is MISSING and member.default_factory is MISSING
        if needed and member.name not in table:
            raise ConfigError(f"{origin}: {where}.{member.name} is missing")
    items = {key: _value(key, value, origin, f"{where}.{key}") for key, value in table.items()}
    return _make(kind, items, origin, where)


def _make(kind: Callable[..., T], items: Mapping[str, Any], origin: str, where: str) -> T:
    try:
        return kind(**items)
    except ParameterError as error:
        raise ConfigError(f"{origin}: {where}: {error}") from error


def _value(key: str, value: Any, origin: str, where: str) -> Any:
    """Check and convert one value by the name of its key."""
    if key in _TEXTS:
        if not isinstance(value, str):
            raise ConfigError(f"{origin}: {where}={value!r}; give a text in quotes")
        return value
    if key in _TIMES:
        try:
            instant: UTCDateTime = as_utc(value, name=where)
        except ParameterError as error:
            raise ConfigError(f"{origin}: {error}") from error
        return instant
    if key == "channels":
        if not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            raise ConfigError(f'{origin}: {where}={value!r}; give a list such as [".HHZ"]')
        return tuple(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{origin}: {where}={value!r}; give a number")
    if key == "n_events":
        return int(value)
    return float(value)


def _table(value: Any, origin: str, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        found = "is missing" if value is None else f"={value!r} is no table"
        raise ConfigError(f"{origin}: {where} {found}; write it as [{where}] with keys below")
    return value


def _list(value: Any, origin: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigError(f"{origin}: {where} must be a list; write each entry as [[{where}]]")
    return value


def _refuse_unknown(data: Mapping[str, Any], known: Any, origin: str, prefix: str) -> None:
    known = list(known)
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ConfigError(f"{origin}: unknown key {prefix}{key}; {hint}")
