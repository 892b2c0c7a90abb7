"""Settings as text: TOML with every default explained, and a stable hash."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from .settings import Settings


def settings_to_toml(settings: Settings, *, comments: bool = True) -> str:
    """Return settings as TOML that :func:`load_settings` reads back to the same value.

    Parameters
    ----------
    settings : Settings
    comments : bool, optional
        Write meaning and unit of each key beside it.

    Returns
    -------
    str

    Examples
    --------
    >>> "[amplitude]" in settings_to_toml(Settings())
    True
    """
    lines: list[str] = []
    for section in dataclasses.fields(settings):
        value = getattr(settings, section.name)
        if isinstance(value, tuple):
            for item in value:
                lines += [f"[[{section.name}]]", *_items(item, comments), ""]
        else:
            lines += [f"[{section.name}]", *_items(value, comments), ""]
    return "\n".join(lines)


def settings_hash(settings: Settings) -> str:
    """Return a SHA-256 of the settings: equal settings, equal hash, on any machine.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    text = settings_to_toml(settings, comments=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _items(value: Any, comments: bool) -> list[str]:
    lines = []
    for item in dataclasses.fields(value):
        text = f"{item.name} = {_literal(getattr(value, item.name))}"
        if comments:
            unit = item.metadata.get("unit")
            text = f"{text:<38} # {item.metadata.get('help', '')}{f' ({unit})' if unit else ''}"
        lines.append(text)
    return lines


def _literal(value: Any) -> str:
    if value is None:
        return '"none"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
