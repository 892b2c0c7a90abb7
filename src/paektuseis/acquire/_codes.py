"""Wrong and missing codes put right by the user's own rules; nothing is guessed."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping

from ..errors import ParameterError
from ..io import safe_text

_FORMS = (
    ("network", r"[A-Za-z0-9]{1,2}", "one or two letters or digits"),
    ("station", r"[A-Za-z0-9_-]{1,5}", "one to five letters or digits"),
    ("location", r"[A-Za-z0-9-]{0,2}", "up to two letters or digits"),
    ("channel", r"[A-Za-z0-9]{3}", "three letters or digits"),
)


def _parts(text: str, what: str) -> list[str]:
    parts = text.split(".") if isinstance(text, str) else []
    if len(parts) != 4:
        raise ParameterError(
            f"codes: {what} {text!r} is no NET.STA.LOC.CHA; give all four codes, * for any"
        )
    return parts


class Codes:
    """Rules that turn the codes of a file into those of the archive.

    Parameters
    ----------
    rules : mapping of str to str
        From a pattern NET.STA.LOC.CHA (wildcards allowed, an empty code matches an empty one
        alone) to the new codes; ``*`` keeps the old one. All rules that match the id as it
        was read apply, in their order.
    """

    def __init__(self, rules: Mapping[str, str] | None = None) -> None:
        if rules is not None and not isinstance(rules, Mapping):
            raise ParameterError(f"codes={rules!r}; give a mapping from old to new ids")
        self._rules = []
        for old, new in (rules or {}).items():
            target = _parts(new, "the new id")
            for code, (name, form, words) in zip(target, _FORMS, strict=True):
                if code != "*" and not re.fullmatch(form, code):
                    raise ParameterError(
                        f"codes: {name} {code!r} of {new!r} cannot stand in miniSEED: {words}, "
                        "or * to keep the old one"
                    )
            self._rules.append((_parts(old, "the old id"), target))

    def rename(self, trace_id: str) -> str:
        """Return the id a trace has in the archive."""
        found = trace_id.split(".")
        out = list(found)
        for pattern, target in self._rules:
            if all(fnmatch.fnmatchcase(c, p) for c, p in zip(found, pattern, strict=True)):
                out = [c if t == "*" else t for c, t in zip(out, target, strict=True)]
        return ".".join(out)

    def why_not(self, trace_id: str) -> str:
        """Why records with this id cannot be kept in an archive; ``""`` if they can."""
        for code, (name, form, words) in zip(trace_id.split("."), _FORMS, strict=True):
            if not re.fullmatch(form, code):
                state = "is empty" if not code else f"is {safe_text(code)!r}"
                return f"{trace_id}: the {name} code {state}, it must be {words}; map it to one"
        return ""
