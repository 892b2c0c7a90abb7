"""Where each page lies, how pages link to each other, and what all of them share."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..._language import language_name, translate as _
from ...io import safe_filename
from ._ground import title_of
from ._maps import Ground

LONGEST = 150


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What every page of a site shares.

    Attributes
    ----------
    languages : tuple of str
        The first lies at the root of the site, each other in a folder of its name.
    ground : Ground
    synthetic : bool
    zone : str
        Local time zone written beside UTC, or ``""``.
    """

    languages: tuple[str, ...]
    ground: Ground
    synthetic: bool
    zone: str = ""

    def home(self, language: str) -> str:
        """Return the folder of a language: ``""`` for the first."""
        return "" if language == self.languages[0] else f"{language}/"

    def around(
        self, page: str, language: str, span: tuple[str, str], *, single: bool = False
    ) -> dict[str, Any]:
        """Return what the base template needs for a page.

        Parameters
        ----------
        page : str
            Its path without the language.
        language : str
        span : tuple of str
            Start and end of what the page is about.
        single : bool
            Without links to other pages.
        """
        here = self.home(language) + page
        nav = [
            ("index.html", _("Overview")),
            ("catalogue.html", _("Catalogue")),
            ("methods.html", _("Methods and settings")),
        ]
        return {
            "volcano": title_of(self.ground),
            "home": "" if single else link(here, self.home(language) + "index.html"),
            "span": span_text(*span),
            "synthetic": self.synthetic,
            "nav": []
            if single
            else [
                {
                    "href": link(here, self.home(language) + target),
                    "text": text,
                    "current": target == page,
                }
                for target, text in nav
            ],
            "languages": []
            if single
            else [
                {
                    "code": code,
                    "name": language_name(code),
                    "href": link(here, self.home(code) + page),
                    "current": code == language,
                }
                for code in self.languages
            ],
            "css": link(here, "assets/site.css"),
            "js": link(here, "assets/site.js"),
            "inline_css": "",
            "inline_js": "",
        }


def span_text(start: str, end: str) -> str:
    """Return a span (two ISO texts) in the reader's words."""
    from ...times import as_utc
    from ._words import span_words

    return span_words(as_utc(start), as_utc(end))


def link(here: str, target: str) -> str:
    """Return the relative link from one file of the site to another."""
    return quote(posixpath.relpath(target, posixpath.dirname(here) or "."))


def station_page(day: str, station: str) -> str:
    """Return the path of a station's day, without the language."""
    return f"station/{file_name(f'{day}_{station}')}.html"


def event_page(event_id: str) -> str:
    """Return the path of an event, without the language."""
    return f"event/{file_name(event_id)}.html"


def file_name(text: str) -> str:
    """Return a safe file name of bounded length; long ones end in a hash."""
    name = safe_filename(text)
    if len(name) <= LONGEST:
        return name
    import hashlib

    return f"{name[: LONGEST - 20]}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def neighbours(names: Sequence[str], name: str) -> tuple[str, str]:
    """Return the names before and after one, ``""`` at the ends."""
    at = names.index(name)
    return (names[at - 1] if at else "", names[at + 1] if at + 1 < len(names) else "")
