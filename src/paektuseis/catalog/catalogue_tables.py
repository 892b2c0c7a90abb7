"""Tables of a catalogue as one value, and what cells are as texts of a catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime
from obspy.core import event as quake
from obspy.core.event import ResourceIdentifier

from .. import tables
from ..errors import ParameterError
from ..io import safe_text
from ..times import as_utc

_ROOT = "smi:local/paektuseis"
_MARK = "paektuseis:"
_MAX_NOTE = 1_000_000
_SCHEMAS = {
    "events": tables.EVENTS, "picks": tables.PICKS, "origins": tables.ORIGINS,
    "residuals": tables.RESIDUALS, "magnitudes": tables.MAGNITUDES, "classes": tables.CLASSES,
}  # fmt: skip
_POLARITY = {"up": "positive", "down": "negative"}


@dataclass(frozen=True, kw_only=True, eq=False)
class CatalogueTables:
    """The tables of one catalogue; a table nobody gave is empty.

    Attributes
    ----------
    events, picks, origins, residuals, magnitudes, classes : DataFrame
        Tables of those names in ``paektuseis.tables``.
    problems : tuple of str
        What was left out in reading, and why.
    """

    events: pd.DataFrame = field(default_factory=tables.EVENTS.frame)
    picks: pd.DataFrame = field(default_factory=tables.PICKS.frame)
    origins: pd.DataFrame = field(default_factory=tables.ORIGINS.frame)
    residuals: pd.DataFrame = field(default_factory=tables.RESIDUALS.frame)
    magnitudes: pd.DataFrame = field(default_factory=tables.MAGNITUDES.frame)
    classes: pd.DataFrame = field(default_factory=tables.CLASSES.frame)
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, schema in _SCHEMAS.items():
            frame = getattr(self, name)
            if len(frame):
                schema.check(frame)
                if "event_id" not in frame.columns:
                    raise ParameterError(f"table {name!r} has no column 'event_id'")

    @property
    def event_ids(self) -> list[str]:
        """Ids of all events, in the order in which the tables name them."""
        seen: dict[str, None] = {}
        for name in _SCHEMAS:
            frame = getattr(self, name)
            if len(frame):
                seen.update(dict.fromkeys(str(v) for v in frame["event_id"]))
        return list(seen)

    def rows(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of one table by event.

        Parameters
        ----------
        name : str
            Name of the table.

        Returns
        -------
        dict
            Rows as mappings, by ``event_id``.
        """
        out: dict[str, list[dict[str, Any]]] = {}
        for row in getattr(self, name).to_dict("records"):
            out.setdefault(str(row["event_id"]), []).append(row)
        return out


def known(value: Any) -> bool:
    """Whether a cell holds anything."""
    if value is None or value is pd.NaT:
        return False
    if isinstance(value, float | np.floating):
        return bool(np.isfinite(value))
    return not (isinstance(value, str | tuple | list) and len(value) == 0)


def number(value: Any, scale: float = 1.0) -> float | None:
    """Return a cell as a float, or None where it holds none."""
    return float(value) * scale if known(value) else None


def whole(value: Any, width: int) -> str:
    """Return a cell as a whole number, right-aligned; blanks if unknown or too long."""
    text = str(round(float(value))) if known(value) else ""
    return text.rjust(width) if len(text) <= width else " " * width


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp | UTCDateTime):
        return str(as_utc(value))
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple) else value


def _note(row: dict[str, Any], native: set[str], *where: Any) -> list[quake.Comment]:
    """Return what QuakeML has no element for, as a comment in JSON."""
    rest = {k: _plain(v) for k, v in row.items() if k not in native and known(v)}
    if not rest:
        return []
    text = f"{_MARK} {json.dumps(rest, sort_keys=True)}"
    return [quake.Comment(text=text, resource_id=_identifier("note", *where))]


def _read_note(comments: list[quake.Comment], schema: tables.Schema) -> dict[str, Any]:
    for comment in comments or ():
        text = comment.text or ""
        if text.startswith(_MARK) and len(text) < _MAX_NOTE:
            try:
                found = json.loads(text[len(_MARK) :])
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                return {c.name: _typed(found[c.name], c) for c in schema.columns if c.name in found}
    return {}


def _typed(value: Any, column: tables.Column) -> Any:
    if column.kind in ("float", "int"):
        return float(value) if column.kind == "float" else int(value)
    if column.kind == "list":
        return tuple(safe_text(str(v)) for v in value) if isinstance(value, list) else ()
    return bool(value) if column.kind == "bool" else safe_text(str(value))


def _safe(text: Any) -> str:
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "._~-") else f"*{ord(c):x}*" for c in str(text)
    )


def _unsafe(text: str) -> str:
    parts = text.split("*")
    for i in range(1, len(parts), 2):
        try:
            parts[i] = chr(int(parts[i], 16))
        except (ValueError, OverflowError):
            return safe_text(text)
    return safe_text("".join(parts))


def _identifier(kind: str, *parts: Any) -> ResourceIdentifier:
    return ResourceIdentifier("/".join([_ROOT, kind, *(_safe(p) for p in parts)]))
