"""SEED control headers and RESP text, walked before a parser that trusts them sees them."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import MetadataError
from ._station_numbers import bad_number

_MOST = 100_000
_FIELD = re.compile(r"B(\d{3})F(\d{2})(?:-(\d{2}))?\s+(.*)")
# blockette and field of a count: the field its rows begin with, numbers in a row, words for it
_COUNTED = {
    ("053", "09"): ("10", 3, "zeros"),
    ("053", "14"): ("15", 3, "poles"),
    ("054", "07"): ("08", 2, "numerators"),
    ("054", "10"): ("11", 2, "denominators"),
    ("061", "08"): ("09", 2, "coefficients"),
}
_ROWS = {(blockette, row): least for (blockette, _), (row, least, _) in _COUNTED.items()}
_NUMBERS = frozenset(
    {("053", "07"), ("053", "08"), ("058", "04"), ("058", "05")}
    | {("057", f) for f in ("04", "05", "06", "07", "08")}
)


def check_seed(data: bytes, path: Path) -> None:
    """Refuse control headers with a blockette too short to be one: obspy's parser would loop."""
    if not data[:6].isdigit():
        return
    length = _volume_record_length(data)
    body = bytearray()
    kind = b""
    for at in range(0, len(data), length):
        record = data[at : at + length]
        if record[6:7] not in (b"V", b"A", b"S"):
            continue
        if record[7:8] != b"*" or record[6:7] != kind:
            _walk_blockettes(bytes(body), path)
            body.clear()
        kind = record[6:7]
        body += record[8:]
    _walk_blockettes(bytes(body), path)


def _volume_record_length(data: bytes) -> int:
    field = data[19:21] if data[8:11] == b"010" else b""
    return 1 << int(field) if field.isdigit() and 8 <= int(field) <= 16 else 4096


def _walk_blockettes(body: bytes, path: Path) -> None:
    at = 0
    while at + 7 <= len(body):
        if body[at : at + 3].strip() == b"":
            return
        head = body[at : at + 7]
        if not head.replace(b" ", b"0").isdigit():
            return
        length = int(head[3:7].replace(b" ", b"0"))
        if length < 7:
            raise MetadataError(
                f"{path}: SEED blockette {head[:3].decode()} of {length} bytes; shorter than its "
                "own header of 7"
            )
        at += length


def check_resp(text: str, path: Path) -> None:
    """Refuse RESP text whose counts are not those of its rows, or with words for numbers.

    obspy takes such a file as it is: five poles announced and two listed become two.
    """
    stage = _Stage(path)
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        matched = _FIELD.match(word)
        if matched is None:
            if re.match(r"B\d", word):
                raise MetadataError(f"{path}: line {number}: {word[:40]!r} is cut")
            continue
        blockette, field, _, rest = matched.groups()
        stage.enter(blockette, field, number)
        key = (blockette, field)
        if key in _ROWS:
            stage.row(key, rest, number)
            continue
        value = rest.rpartition(":")[2].split()
        if key in _COUNTED:
            stage.announce(key, value[0] if value else "", number)
        elif key in _NUMBERS and (bad := bad_number(value[0] if value else "")):
            raise MetadataError(f"{path}: line {number}: {bad}")
    stage.settle()


class _Stage:
    """What one blockette has announced and listed so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.blockette = ""
        self.announced: dict[tuple[str, str], tuple[int, int]] = {}  # count, line
        self.listed: dict[tuple[str, str], int] = {}

    def enter(self, blockette: str, field: str, number: int) -> None:
        """Close the last blockette where another begins."""
        if blockette != self.blockette or field == "03":
            self.settle()
            self.blockette = blockette

    def announce(self, key: tuple[str, str], value: str, number: int) -> None:
        """Note a count."""
        if not (value.isascii() and value.isdigit() and int(value) <= _MOST):
            words = _COUNTED[key][2]
            raise MetadataError(
                f"{self.path}: line {number}: {value[:40]!r} is no count of {words}"
            )
        self.announced[key] = (int(value), number)

    def row(self, key: tuple[str, str], rest: str, number: int) -> None:
        """Count a row, after its numbers have been looked at."""
        words = rest.split()
        bad = next((b for w in words if (b := bad_number(w))), "")
        if not bad and len(words) < _ROWS[key]:
            bad = f"{rest[:40]!r} is cut: {_ROWS[key]} numbers belong there"
        if bad:
            raise MetadataError(f"{self.path}: line {number}: {bad}")
        self.listed[key] = self.listed.get(key, 0) + 1

    def settle(self) -> None:
        """Hold the counts against the rows."""
        for (blockette, field), (count, line) in self.announced.items():
            row, _, words = _COUNTED[blockette, field]
            listed = self.listed.get((blockette, row), 0)
            if listed != count:
                raise MetadataError(
                    f"{self.path}: line {line}: {count} {words} announced, {listed} listed"
                )
        self.announced.clear()
        self.listed.clear()
