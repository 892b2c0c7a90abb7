"""Which samples are new, which are there already, and which contradict what is there."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEW, KNOWN, CONFLICT = 0, 1, 2
_CHANCE = 1000
_BESIDE = 0.6
ARCHIVE = -1
"""Origin of samples that were in the archive before."""


@dataclass(frozen=True)
class Piece:
    """Contiguous samples of one channel.

    ``start`` is the time of the first (ns), ``origin`` the number of the file they came from,
    ``rank`` orders pieces: of two that contradict each other that of the smaller is kept.
    """

    start: int
    rate: float
    data: NDArray[Any]
    origin: int = ARCHIVE
    rank: tuple[int, ...] = ()

    def time(self, index: float) -> int:
        """Time of a sample, ns."""
        return self.start + round(index * 1e9 / self.rate)

    def part(self, begin: int, end: int) -> Piece:
        """The samples from ``begin`` to before ``end``."""
        return Piece(self.time(begin), self.rate, self.data[begin:end], self.origin, self.rank)

    @property
    def end(self) -> int:
        """Time one interval after the last sample, ns."""
        return self.time(self.data.size)


@dataclass(frozen=True)
class Stretch:
    """Samples of one piece that share a fate: new, known or in conflict, and with whose samples."""

    fate: int
    piece: Piece
    other: int
    whole: Piece
    why: str = ""


class Held:
    """What is held of a channel, found by time.

    Parameters
    ----------
    pieces : iterable of Piece
    low, high : int
        The day (ns) in question; pieces outside are beside it.
    """

    def __init__(self, pieces: Iterable[Piece], low: int, high: int) -> None:
        self._low, self._high = low, high
        self._starts: list[int] = []
        self._pieces: list[Piece] = []
        self._longest = 0
        self.kinds: dict[np.dtype[Any], int] = {}
        """Types of the samples of the day, and where the first of each came from."""
        for piece in pieces:
            self.add(piece)

    def add(self, piece: Piece) -> None:
        """Hold one more piece."""
        at = bisect.bisect_right(self._starts, piece.start)
        self._starts.insert(at, piece.start)
        self._pieces.insert(at, piece)
        self._longest = max(self._longest, piece.end - piece.start)
        if piece.end > self._low and piece.start < self._high:
            self.kinds.setdefault(piece.data.dtype, piece.origin)

    def near(self, piece: Piece) -> list[Piece]:
        """Return what is held of the time of a piece."""
        first = bisect.bisect_left(self._starts, piece.start - self._longest)
        last = bisect.bisect_left(self._starts, piece.end)
        return [known for known in self._pieces[first:last] if known.end > piece.start]


def compare(piece: Piece, held: Held) -> list[Stretch]:
    """Compare a piece with what is held of its channel.

    Samples within half an interval are of one time. Where the intervals of two pieces
    interleave by less than one sample, as where a clock is set between two files, they do not
    overlap.

    Returns
    -------
    list of Stretch
        In the order of time; together they are the piece.
    """
    near = held.near(piece)
    if not near:
        return [Stretch(NEW, piece, ARCHIVE, piece)]
    fate = np.zeros(piece.data.size, np.int8)
    other = np.full(piece.data.size, ARCHIVE, np.int32)
    why = ""
    for known in near:
        span = _overlap(piece, known)
        if span is None:
            continue
        begin, end, shift = span
        mine = slice(begin, end)
        low, high = (begin, end) if shift is None else _reach(piece, known, begin, end)
        if shift is None:
            same = np.zeros(end - begin, np.bool_)
            why = f"another sampling rate, {piece.rate:.9g} against {known.rate:.9g} Hz"
        else:
            same = _equal(piece.data[mine], known.data[begin + shift : end + shift])
        same = _without_chance(same)
        replace = (fate[mine] == NEW) | ((fate[mine] == CONFLICT) & same)
        np.copyto(other[mine], known.origin, where=replace)
        fate[mine][replace & same] = KNOWN
        fate[mine][replace & ~same] = CONFLICT
        for edge in (slice(low, begin), slice(end, high)):
            fate[edge][fate[edge] == NEW] = KNOWN if same.all() else CONFLICT
    return [
        Stretch(
            int(fate[a]),
            piece.part(a, b),
            int(other[a]),
            piece,
            why if fate[a] == CONFLICT else "",
        )
        for a, b in _runs(fate, other)
    ]


def of_one_type(stretch: Stretch, held: Held) -> Stretch:
    """Give new samples the type of what is held, if they are the same numbers in it.

    A day of one channel is of one type: numbers of another one are other units as a rule, and a
    lone record of another encoding may be taken for a damaged one. If the numbers do not fit,
    the samples are in conflict.
    """
    mine = stretch.piece.data
    if stretch.fate != NEW or not held.kinds or mine.dtype in held.kinds:
        return stretch
    kind, origin = next(iter(held.kinds.items()))
    least, most = float(mine.min()), float(mine.max())
    fits = kind.kind == "f" or (least > -(2.0**31) and most < 2.0**31)
    turned = mine.astype(kind) if fits else mine
    if fits and np.array_equal(turned.astype(np.float64), mine.astype(np.float64)):
        return replace(stretch, piece=replace(stretch.piece, data=turned))
    why = f"another type of samples, {mine.dtype} against {kind}"
    return replace(stretch, fate=CONFLICT, other=origin, why=why)


def _overlap(piece: Piece, known: Piece) -> tuple[int, int, int | None] | None:
    """Samples of ``piece`` within ``known``, and what to add to an index; None: other grid."""
    if piece.start >= known.end or piece.end <= known.start:
        return None
    step = 1e9 / piece.rate
    if abs(piece.rate / known.rate - 1) * min(piece.data.size, known.data.size) > 0.5:
        begin = max(0, int(np.ceil((known.start - piece.start) / step - 0.5)))
        end = min(piece.data.size, int(np.ceil((known.end - piece.start) / step - 0.5)))
        return (begin, end, None) if begin < end else None
    where = (piece.start - known.start) * known.rate / 1e9
    if known.data.size - 1 < where < known.data.size and _off(where):
        return None
    if -piece.data.size < where < 1 - piece.data.size and _off(where):
        return None
    shift = round(where)
    begin, end = max(0, -shift), min(piece.data.size, known.data.size - shift)
    return (begin, end, shift) if begin < end else None


def _reach(piece: Piece, known: Piece, begin: int, end: int) -> tuple[int, int]:
    """Samples of ``piece`` up to 0.6 intervals beside ``known``.

    Half an interval off, rounding may take one sample more or less for new: none is.
    """
    where = (piece.start - known.start) * known.rate / 1e9
    low = int(np.floor(-_BESIDE - where)) + 1
    high = int(np.ceil(known.data.size - 1 + _BESIDE - where))
    return max(0, min(low, begin)), min(piece.data.size, max(high, end))


def _off(where: float) -> bool:
    """Whether a place is between samples by more than a clock's rounding."""
    return abs(where - round(where)) > 0.1


def _equal(mine: NDArray[Any], known: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether samples are the same numbers, as far as the coarser of the two types holds them."""
    if mine.dtype != known.dtype:
        narrow = min(mine.dtype, known.dtype, key=_exactness)
        mine, known = mine.astype(narrow), known.astype(narrow)
    return np.asarray(mine == known)


def _without_chance(same: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Take equal samples amid different ones, fewer than :data:`_CHANCE` together, as different."""
    differ = np.flatnonzero(~same)
    if differ.size:
        same = same.copy()
        for i in np.flatnonzero((np.diff(differ) > 1) & (np.diff(differ) <= _CHANCE)):
            same[differ[i] : differ[i + 1]] = False
    return same


def _exactness(kind: np.dtype[Any]) -> int:
    return {"float32": 0, "int32": 2, "float64": 1}[str(kind)]


def _runs(fate: NDArray[np.int8], other: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    change = (np.diff(fate) != 0) | (np.diff(other) != 0)
    edges = [0, *(np.flatnonzero(change) + 1).tolist(), fate.size]
    return itertools.pairwise(edges)


def joined(pieces: list[Piece], tolerance_ns: float = 1500.0) -> list[Piece]:
    """Join pieces that follow each other to the resolution of miniSEED times."""
    out: list[list[Piece]] = []
    count = 0
    for piece in sorted(pieces, key=lambda p: p.start):
        if out:
            first = out[-1][0]
            same = piece.rate == first.rate and piece.data.dtype == first.data.dtype
            if same and abs(piece.start - first.time(count)) <= tolerance_ns:
                out[-1].append(piece)
                count += piece.data.size
                continue
        out.append([piece])
        count = piece.data.size
    return [
        run[0]
        if len(run) == 1
        else Piece(run[0].start, run[0].rate, np.concatenate([p.data for p in run]))
        for run in out
    ]
