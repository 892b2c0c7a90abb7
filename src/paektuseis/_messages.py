"""The messages of the code against the catalogues: found, compared, brought up to date.

``python -m paektuseis._messages`` tells what each language lacks;
``python -m paektuseis._messages update`` writes the messages of the code into every
catalogue (those new to it without a translation, those gone from the code dropped).
Needed by who writes code or translations, never at run time.
"""

from __future__ import annotations

import argparse
import functools
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from ._language import FOLDER, SOURCE, languages, load_catalogue

PACKAGE = Path(__file__).parent
KEYWORDS: dict[str, Any] = {
    "translate": None,
    "_": None,
    "gettext": None,
    "mark": None,
    "plural": (1, 2),
    "ngettext": (1, 2),
}
SOURCES = {"*.py": "python", "*.html": "jinja2", "*.js.jinja": "jinja2", "*.txt.jinja": "jinja2"}
JINJA = {"silent": "false", "trimmed": "true"}

HEADER = r"""# Translations of paektuseis.
msgid ""
msgstr ""
"Language: {language}\n"
"Plural-Forms: {plurals}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""

Message = str | tuple[str, ...]


@functools.cache
def code_messages(package: Path = PACKAGE) -> dict[Message, list[str]]:
    """Return every message of the code and templates, with the files it stands in."""
    found: dict[Message, list[str]] = {}
    for pattern, method in SOURCES.items():
        for path in sorted(package.rglob(pattern)):
            name = path.relative_to(package).as_posix()
            for message in _messages_of(path, method):
                files = found.setdefault(message, [])
                if name not in files:
                    files.append(name)
    return found


def _messages_of(path: Path, method: str) -> Iterator[Message]:
    extractor: Any = method
    options: dict[str, Any] = {}
    if method == "jinja2":
        from jinja2.ext import babel_extract

        extractor, options = babel_extract, JINJA
    with path.open("rb") as stream:
        for _, message, _, _ in extract(extractor, stream, KEYWORDS, (), options):
            yield message if isinstance(message, str) else tuple(message)


def lacking(language: str, package: Path = PACKAGE) -> list[Message]:
    """Return the messages of the code that a catalogue has no translation of."""
    catalogue = load_catalogue(language)
    found = []
    for message in code_messages(package):
        entry = catalogue.get(message)
        texts = entry.string if entry is not None else ""
        parts = texts if isinstance(texts, tuple | list) else [texts]
        if entry is None or entry.fuzzy or not all(parts):
            found.append(message)
    return found


def faults(catalogue: Catalog) -> list[str]:
    """Return what is wrong with translations: fields lost or made up, braces that do not close."""
    found: list[str] = []
    for message in catalogue:
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple | list) else [message.id]
        texts = message.string if isinstance(message.string, tuple | list) else [message.string]
        allowed = set().union(*(fields(s) for s in sources))
        needed = set.intersection(*(fields(s) for s in sources)) - (
            {"n"} if len(sources) > 1 else set()
        )
        for text in filter(None, texts):
            found += [f"{text!r}: {f}" for f in _field_faults(text, allowed, needed)]
    return found


def _field_faults(text: str, allowed: set[str], needed: set[str]) -> list[str]:
    try:
        there = fields(text)
    except ValueError as error:
        return [str(error)]
    found = [f"field {{{name}}} is not in the English text" for name in sorted(there - allowed)]
    return found + [f"field {{{name}}} is missing" for name in sorted(needed - there)]


def fields(text: str) -> set[str]:
    """Return the names of the fields of a text; a ``ValueError`` if they are no plain names."""
    names: set[str] = set()
    for _, name, _, _ in string.Formatter().parse(text):
        if name is None:
            continue
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"field {{{name}}} is no plain name")
        names.add(name)
    return names


def update(language: str, package: Path = PACKAGE) -> int:
    """Bring a catalogue up to the code; returns how many messages it still lacks."""
    old = load_catalogue(language)
    new: Any = Catalog(locale=old.locale_identifier, fuzzy=False)
    new._plural_expr, new._num_plurals = old.plural_expr, old.num_plurals
    missing = 0
    for message in code_messages(package):
        known = old.get(message)
        text = known.string if known is not None and not known.fuzzy else None
        missing += not text or not all(text if isinstance(text, tuple | list) else [text])
        new.add(message, text or "")
    write(new, package / FOLDER / f"{language}.po")
    return missing


def write(catalogue: Catalog, target: Path) -> None:
    """Write a catalogue, messages in order and without line numbers or dates: small changes."""
    text = HEADER.format(
        language=catalogue.locale_identifier,
        plurals=f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};",
    )
    with target.open("wb") as stream:
        stream.write(text.encode())
        write_po(stream, catalogue, width=100, no_location=True, sort_output=True, omit_header=True)


def main(arguments: list[str] | None = None) -> int:
    """Compare or update; the exit code is 1 where something is missing or wrong."""
    parser = argparse.ArgumentParser(prog="python -m paektuseis._messages", description=__doc__)
    parser.add_argument("action", nargs="?", choices=("check", "update"), default="check")
    parser.add_argument("language", nargs="*", help="codes; all by default")
    asked = parser.parse_args(arguments)
    status = 0
    for language in asked.language or [code for code in languages() if code != SOURCE]:
        if asked.action == "update":
            update(language)
        missing, wrong = lacking(language), faults(load_catalogue(language))
        lines = [f"{language}: no translation of {message!r}" for message in missing]
        lines += [f"{language}: {fault}" for fault in wrong]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        status |= bool(lines)
    return status


if __name__ == "__main__":
    sys.exit(main())
