"""What a file held that could not be used: collected, and told to whoever wants to know."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ._foreign import safe_text

_log = logging.getLogger("paektuseis.io")
_LOGGED = 20
_LONGEST = 500


class Remarks:
    """The remarks on one file, in order; each begins with the file and the place in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts: list[str] = []
        self._seen: set[str] = set()

    def say(self, where: str, what: str, element: Any = None) -> None:
        """Note something once, with the line of an XML element if there is one."""
        line = getattr(element, "sourceline", None)
        place = f"line {line}: " if line else ""
        text = f"{self.path}: {place}{safe_text(where)}: {safe_text(what)}"[:_LONGEST]
        if text not in self._seen:
            self._seen.add(text)
            self.texts.append(text)


def tell(texts: list[str], problems: list[str] | None) -> None:
    """Hand the remarks to the caller's list, or log them if there is none."""
    if problems is not None:
        problems += texts
        return
    for text in texts[:_LOGGED]:
        _log.warning("%s", text)
    if len(texts) > _LOGGED:
        _log.warning("… and %d more; give problems=[] to have them all", len(texts) - _LOGGED)
