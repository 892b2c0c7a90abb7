"""Templates to pages; every text from outside is escaped."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ... import __version__
from ..._language import languages, page_language, plural, translate
from ._svg import class_mark
from ._words import class_name, class_title

STATIC = ("site.css", "site.js")


@functools.cache
def environment() -> Environment:
    """Return the templates, compiled once for each process."""
    made = Environment(
        loader=PackageLoader("paektuseis.report", "templates/site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        _=translate,
        plural=plural,
        class_name=class_name,
        class_title=class_title,
        symbol=symbol,
        page_language=page_language,
        version=__version__,
    )
    return made


def render(template: str, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        Name of a template.
    **values : Any

    Returns
    -------
    str
    """
    return environment().get_template(template).render(**values)


def symbol(label: str) -> Any:
    """Return the mark of a class as a small drawing beside its name."""
    from markupsafe import Markup

    return Markup(
        '<svg class="sym" viewBox="0 0 14 14" aria-hidden="true" focusable="false">'
        f"{class_mark(7, 7, label, 4.4)}</svg>"
    )


def static(name: str) -> str:
    """Return a file the pages share (style sheet, script)."""
    return (resources.files("paektuseis.report") / "static" / name).read_text(encoding="utf-8")


@functools.cache
def look() -> str:
    """Return a hash of everything that pages look like: version, templates, texts, code."""
    made = hashlib.blake2b(__version__.encode(), digest_size=8)
    home = resources.files("paektuseis")
    folders = [home / "report" / "templates" / "site", home / "report" / "static"]
    folders += [home / "report" / "site", home / "locale"]
    for folder in folders:
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if entry.name.endswith((".html", ".css", ".js", ".py", ".po")):
                made.update(entry.name.encode())
                made.update(entry.read_bytes())
    made.update(" ".join(languages()).encode())
    return made.hexdigest()
