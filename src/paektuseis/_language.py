"""The reader's language: texts, dates and numbers of pages and figures.

The English text is the message itself. A catalogue, one ``locale/<language>.po``
beside this file, says how another language has it; adding a language is adding
that one file. A text the catalogue lacks stays English.

Tables, settings, logs and the terminal stay English: they are read by programs.
The language belongs to the context (thread or task) that chose it with
:func:`speak`; a worker process speaks English until it is told otherwise.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import resources
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, ParameterError

if TYPE_CHECKING:
    import datetime as dt

    from babel.messages.catalog import Catalog

SOURCE = "en"  # the language the code is written in
FOLDER = "locale"

_language: ContextVar[str] = ContextVar("paektuseis_language", default=SOURCE)


def languages() -> list[str]:
    """Return the languages that pages and figures can be had in, English first.

    Returns
    -------
    list of str
        Codes such as ``"ko"``, as :func:`speak` understands them.

    Examples
    --------
    >>> languages()
    ['en', 'ko', 'zh']
    """
    return [SOURCE, *sorted(_catalogue_texts())]


def current_language() -> str:
    """Return the language spoken here and now (``"en"`` unless :func:`speak` chose another)."""
    return _language.get()


@contextmanager
def speak(language: str) -> Iterator[str]:
    """Speak a language within a ``with`` block: figures and pages made there are in it.

    Parameters
    ----------
    language : str
        A code of :func:`languages`; a country may follow (``"ko-KR"``, ``"zh_CN"``).

    Yields
    ------
    str
        The code as :func:`languages` has it.

    Raises
    ------
    ParameterError
        If there is no catalogue of that language.

    Examples
    --------
    >>> with speak("ko"):
    ...     translate("station")
    '관측소'
    >>> translate("station")
    'station'
    """
    code = known_language(language)
    token = _language.set(code)
    try:
        yield code
    finally:
        _language.reset(token)


def known_language(language: str) -> str:
    """Return the code under which a language is known here; an error names those that are."""
    asked = str(language).replace("_", "-").lower()
    known = languages()
    main, *rest = asked.split("-")
    other_script = main == "zh" and {"hant", "tw", "hk", "mo"} & set(rest)
    for code in (asked, "" if other_script else main):
        if code in known:
            return code
    raise ParameterError(
        f"language={language!r} has no catalogue; give one of {', '.join(known)}, "
        f"or add {FOLDER}/{main}.po to the package"
    )


def translate(text: str, /, **values: Any) -> str:
    """Return a text in the language spoken, its ``{fields}`` filled.

    Parameters
    ----------
    text : str
        The English text, written out where it is used (that is how it is found for the
        catalogues), with fields as :meth:`str.format` has them. Without ``values`` braces
        are left alone.
    **values : Any
        What the fields hold. It is never looked up itself.

    Returns
    -------
    str

    Examples
    --------
    >>> translate("{n} stations", n=6)
    '6 stations'
    """
    return _filled(_lookup(text), values)


def plural(one: str, many: str, n: int, /, **values: Any) -> str:
    """Return a text that depends on a number, in the language spoken; ``{n}`` is the number.

    Parameters
    ----------
    one, many : str
        The English text for one and for any other number.
    n : int
    **values : Any
        As :func:`translate`.

    Returns
    -------
    str

    Examples
    --------
    >>> plural("{n} station", "{n} stations", 1), plural("{n} station", "{n} stations", 0)
    ('1 station', '0 stations')
    """
    forms: Any = _messages(current_language()).get(one)
    found = one if n == 1 else many
    if isinstance(forms, tuple):
        found = forms[_plural_rule(current_language())(n)] or found
    elif forms:
        found = forms
    return _filled(found, {"n": n, **values})


def mark(text: str) -> str:
    """Return a text unchanged: it is for the catalogues, and :func:`translate` is called later."""
    return text


def retell(sentence: str) -> str:
    """Return a sentence that was made in English elsewhere, in the language spoken.

    Findings, reasons and notes lie in tables as English sentences with numbers in them. A
    sentence that fits a message of the catalogue (word for word, with anything in the
    fields) is said again in the other language with the same numbers; a list, and what stands
    behind a name and a colon, are said part by part; any other sentence stays as it is.

    Parameters
    ----------
    sentence : str

    Returns
    -------
    str

    Examples
    --------
    >>> retell("no finding")
    'no finding'
    """
    language = current_language()
    if language == SOURCE or not sentence or len(sentence) > MOST_LETTERS[0]:
        return sentence
    return _retold(sentence, language) or sentence


def format_date(day: dt.date, *, weekday: bool = False) -> str:
    """Return a day as the reader writes it (``2026-07-27`` in English, as seismologists do)."""
    if current_language() == SOURCE:
        return f"{day:%A} {day:%Y-%m-%d}" if weekday else f"{day:%Y-%m-%d}"
    from babel.dates import format_date as babel_date

    return babel_date(day, "full" if weekday else "long", locale=locale_name())


def format_number(value: float, *, decimals: int | None = None) -> str:
    """Return a number with the reader's grouping and decimal mark; a dash where there is none."""
    if value is None or value != value:
        return "–"
    from babel.numbers import format_decimal

    whole = decimals == 0 or (decimals is None and float(value).is_integer())
    pattern = "#,##0" if whole else "#,##0." + ("###" if decimals is None else "0" * decimals)
    return format_decimal(value, pattern, locale=locale_name()).replace("-", "−")


def language_name(language: str) -> str:
    """Return what a language calls itself: ``"English"``, ``"한국어"``, ``"中文"``."""
    from babel import Locale

    return Locale.parse(language).get_display_name() or language


def locale_name() -> str:
    """Return the locale of the language spoken (the header ``Language`` of its catalogue)."""
    language = current_language()
    return language if language == SOURCE else str(load_catalogue(language).locale_identifier)


def page_language() -> str:
    """Return what the attribute ``lang`` of a page in the language spoken has to say (BCP 47)."""
    return locale_name().replace("_", "-")


def catalogue_letters(language: str) -> set[str]:
    """Return every letter that texts of a language need (empty for English)."""
    return set() if language == SOURCE else set(_letters(language))


@functools.cache
def _letters(language: str) -> frozenset[str]:
    texts = [t for m in _messages(language).values() for t in (m if isinstance(m, tuple) else [m])]
    return frozenset("".join(texts)) - {"\n", "\t"}


def load_catalogue(language: str) -> Catalog:
    """Return the catalogue of a language as Babel has it."""
    return _loaded(language)


@functools.cache
def _loaded(language: str) -> Catalog:
    from babel.messages.pofile import PoFileError, read_po

    entry = _catalogue_texts()[language]
    try:
        with entry.open("rb") as stream:
            return read_po(stream, locale=None, abort_invalid=True)
    except (PoFileError, ValueError, UnicodeDecodeError) as error:
        raise ConfigError(f"{FOLDER}/{language}.po cannot be read ({error}); mend it") from error


def _catalogue_texts() -> dict[str, Any]:
    """Return the catalogues that are there, by language."""
    folder = resources.files("paektuseis") / FOLDER
    return {e.name[:-3]: e for e in folder.iterdir() if e.name.endswith(".po")}


@functools.cache
def _messages(language: str) -> dict[str, str | tuple[str, ...]]:
    """Return what is translated: a text, or one text for each plural form, by English text."""
    if language == SOURCE:
        return {}
    found: dict[str, str | tuple[str, ...]] = {}
    for message in load_catalogue(language):
        if not message.id or message.fuzzy:
            continue
        key = message.id[0] if isinstance(message.id, tuple | list) else message.id
        text = message.string
        if isinstance(text, tuple | list):
            if any(text):
                found[key] = tuple(text)
        elif text:
            found[key] = text
    return found


@functools.cache
def _plural_rule(language: str) -> Callable[[int], int]:
    from gettext import c2py

    try:
        return c2py(load_catalogue(language).plural_expr)
    except ValueError as error:
        raise ConfigError(f"{FOLDER}/{language}.po: its plural rule fails ({error})") from error


def _lookup(text: str) -> str:
    found = _messages(current_language()).get(text, text)
    return found if isinstance(found, str) else found[-1]


def _filled(text: str, values: dict[str, Any]) -> str:
    return text.format(**values) if values else text


# -- sentences made elsewhere ----------------------------------------------------------------

FIELD = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
NUMBER = r"[+\-−]?(?:\d[\d.]*(?:e[+\-]?\d+)?|nan|inf)"
ANYTHING = r"(?:(?!; ).)+?"  # within one part of a list
MOST_LETTERS = (4000, 400)  # of a sentence and of a part: text from outside may be of any length
MOST_NAMES = 8  # before one another, each with a colon
MIN_LETTERS = 4  # of a message that a sentence is compared with: "{a}: {b}" would fit anything


@functools.lru_cache(maxsize=8192)
def _retold(sentence: str, language: str) -> str | None:
    """Return a sentence in another language, or ``None`` where no message fits it."""
    if not re.search("[a-z]{2}", sentence):
        return None  # a phase, a code or a number
    plain = _messages(language).get(sentence)
    if isinstance(plain, str):
        return plain
    return (
        _parts(sentence, "; ", language, all_of_them=False)
        or _parts(sentence, ", ", language, all_of_them=True)
        or _fitted(sentence, language)
        or _behind_a_name(sentence, language)
    )


def _parts(sentence: str, mark: str, language: str, *, all_of_them: bool) -> str | None:
    """Say a list again part by part; a part without a word is a part that is said."""
    parts = re.split(rf"{mark}(?![^(]*\))", sentence)
    if len(parts) < 2:
        return None
    said = [_retold(p, language) or ("" if re.search("[a-z]{3}", p) else p) for p in parts]
    if not (all(said) if all_of_them else any(said)):
        return None
    parts = [new or old for new, old in zip(said, parts, strict=True)]
    return _joint(mark, language).join(parts)


def _fitted(sentence: str, language: str) -> str | None:
    """Say a sentence again that fits a message; a value that is a message itself is said too."""
    if len(sentence) > MOST_LETTERS[1]:
        return None
    for pattern, target in _patterns(language):
        fit = pattern.fullmatch(sentence)
        if fit:
            values = {k: _retold(v, language) or v for k, v in fit.groupdict().items()}
            return _put(values, target)
    return None


def _put(values: dict[str, str], text: str) -> str:
    """Fill fields with words as they are, whatever format a field asks for."""
    return FIELD.sub(lambda field: values.get(field[1], field[0]), text)


def _behind_a_name(sentence: str, language: str) -> str | None:
    """Say ``name: sentence`` again; the name stays unless it is a message itself."""
    name, colon, rest = sentence.partition(": ")
    usual = colon and len(name) <= 40 and rest.count(": ") < MOST_NAMES
    said = _retold(rest, language) if usual else None
    if not said:
        return None
    return f"{_retold(name, language) or name}{_joint(': ', language)}{said}"


def _joint(mark: str, language: str) -> str:
    found = _messages(language).get(mark, mark)
    return found if isinstance(found, str) else mark


@functools.cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return messages with fields as patterns, those with most words of their own first.

    A message of numbers and signs alone is compared last: its fields hold words.
    """
    found: list[tuple[int, re.Pattern[str], str]] = []
    for key, text in _messages(language).items():
        own = FIELD.sub("", key)
        numbers = sum(_is_number(*field) for field in FIELD.findall(key))
        if own == key or (sum(c.isalpha() for c in own) < MIN_LETTERS and not numbers):
            continue
        target = text if isinstance(text, str) else text[-1]
        found.append((len(own), _pattern(key), target))
    found.sort(key=lambda entry: -entry[0])
    return [(pattern, target) for _, pattern, target in found]


def _is_number(name: str, spec: str) -> bool:
    return name == "n" or spec[-1:] in {"d", "e", "f", "g"}


def _pattern(message: str) -> re.Pattern[str]:
    seen: set[str] = set()

    def group(field: re.Match[str]) -> str:
        name = field[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{NUMBER if _is_number(name, field[2] or '') else ANYTHING})"

    parts: list[str] = []
    end = 0
    for field in FIELD.finditer(message):
        parts += [re.escape(message[end : field.start()]), group(field)]
        end = field.end()
    return re.compile("".join([*parts, re.escape(message[end:])]), re.DOTALL)
