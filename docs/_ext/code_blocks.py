"""The Python of a page: for the figures made from it, and for the test that runs it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator


def python_blocks(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the index of the first line of each ``code-block:: python``, that of the line after
    its last, and its code (options of the directive are blank lines).
    """
    number = 0
    while number < len(lines):
        opening = re.match(r"( *)\.\. code-block:: python\s*$", lines[number])
        number += 1
        if not opening:
            continue
        indent = len(opening.group(1))
        body: list[str] = []
        first = number
        while number < len(lines):
            line = lines[number]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            if re.match(r"\s*:[\w-]+:", line) and not any(part.strip() for part in body):
                line = ""  # an option of the directive
            body.append(line)
            number += 1
        yield first, number, textwrap.dedent("\n".join(body))
