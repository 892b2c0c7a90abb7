"""The letters of a language: DejaVu Sans, and where it lacks them a font of the system.

DejaVu Sans ships with matplotlib and has Latin, Greek and Cyrillic; Hangul and Han letters
have to come from the machine. A font is taken only if it has every letter the texts of the
language need, so that no figure shows boxes.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from .._language import catalogue_letters, current_language, language_name
from ..errors import ParameterError

LATIN = "DejaVu Sans"

# families that are common on Linux, Windows and macOS, those drawn for the language first
KOREAN = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Source Han Sans K",
    "Source Han Sans KR",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "NanumGothic",
    "NanumBarunGothic",
    "AppleGothic",
    "UnDotum",
    "UnBatang",
    "Baekmuk Dotum",
)
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti SC",
    "STHeiti",
    "SimSun",
    "Songti SC",
)
OTHERS = ("Noto Sans CJK JP", "Source Han Sans", "Droid Sans Fallback", "Arial Unicode MS")
BY_LANGUAGE = {"ko": (*KOREAN, *OTHERS), "zh": (*CHINESE, *OTHERS)}
BOXES = ("Last Resort",)  # "has" every letter, as a box
FILES = ("cjk", "sourcehan", "nanum", "malgun", "unbatang", "undotum", "baekmuk", "yahei", "msyh",
         "simhei", "simsun", "wqy", "droidsansfallback", "notosanskr", "notosanssc", "gothicneo",
         "pingfang", "heiti", "songti", "hiragino")  # fmt: skip


def fonts() -> list[str]:
    """Return the families texts are drawn with, in the language spoken.

    Raises
    ------
    ParameterError
        If no font of the machine has the letters of the language.
    """
    return [LATIN, *(_added(current_language()) or _at_hand())]


@functools.cache
def _at_hand() -> tuple[str, ...]:
    """Return a font matplotlib knows for Korean or Chinese names in other figures, if any."""
    entries = _entries((*KOREAN, *CHINESE, *OTHERS), others=False)
    return (str(entries[0].name),) if entries else ()


@functools.cache
def _added(language: str) -> tuple[str, ...]:
    """Return the family that has what DejaVu Sans lacks of a language (none needed: empty)."""
    needed = {ord(c) for c in catalogue_letters(language)} - _letters(_latin_file(), 0)
    if not needed:
        return ()
    wanted = BY_LANGUAGE.get(language, (*CHINESE, *KOREAN, *OTHERS))
    for attempt in range(2):
        if attempt:  # a font installed since matplotlib last looked is in no list of its own
            _look_again()
        for entry in _entries(wanted, others=bool(attempt)):
            if needed <= _letters(entry.fname, int(getattr(entry, "index", 0))):
                return (str(entry.name),)
    raise ParameterError(
        f"no font on this machine has the letters of {language_name(language)} ({language!r}); "
        f"looked for {', '.join(wanted)}. Install one, on Debian or Ubuntu with "
        "'apt-get install fonts-noto-cjk', or draw in English"
    )


def _entries(wanted: tuple[str, ...], *, others: bool) -> list[Any]:
    """Return the regular fonts of the machine: the families wanted in their order, then others."""
    rank = {name: i for i, name in enumerate(wanted)}
    last = len(rank)
    regular = [
        e
        for e in font_manager.fontManager.ttflist
        if e.style == "normal"
        and _is_regular(e.weight)
        and (e.name in rank or (others and not e.name.startswith(BOXES)))
    ]
    return sorted(regular, key=lambda e: (rank.get(e.name, last), e.name, e.fname))


def _is_regular(weight: Any) -> bool:
    return weight in ("normal", "regular", "book", "medium") or (
        isinstance(weight, int) and 350 <= weight <= 500
    )


def _look_again() -> None:
    known = {Path(e.fname) for e in font_manager.fontManager.ttflist}
    for name in sorted(font_manager.findSystemFonts()):
        path = Path(name)
        plain = path.name.lower().replace("-", "").replace("_", "")
        if path not in known and any(part in plain for part in FILES):
            try:
                font_manager.fontManager.addfont(name)
            except (OSError, RuntimeError, ValueError):  # a damaged font is no font
                continue


def _latin_file() -> str:
    return str(font_manager.findfont(LATIN))


@functools.cache
def _letters(path: str, index: int) -> frozenset[int]:
    """Return the code points a font has."""
    options: dict[str, Any] = {"face_index": index} if index else {}
    try:
        return frozenset(FT2Font(path, **options).get_charmap())
    except (OSError, RuntimeError, ValueError, TypeError):
        return frozenset()
