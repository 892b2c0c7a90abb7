"""From a name on disk to checked bytes: what may be opened, and how.

Only regular local files are read, into memory, within a size limit.
Nothing here follows a URL, expands a wildcard inside an existing name, blocks
on a pipe or device, maps a file, or unpacks anything but ``.gz``.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError, WaveformError

MAX_BYTES = 2 * 1024**3
MAX_RATIO = 200
_STEP = 1 << 20
ByteArray = NDArray[np.uint8]


@dataclass(frozen=True)
class FileBytes:
    """The bytes of one file; ``hole`` counts unwritten bytes left out at its end.

    ``stamp`` is the size and time of change (ns) of the file they were read from.
    """

    path: Path
    data: ByteArray
    hole: int = 0
    stamp: tuple[int, int] = (-1, -1)

    def stream(self) -> io.BytesIO:
        """Return the bytes as an in-memory file."""
        return io.BytesIO(self.data.tobytes())


def one_path(path: Any, *, name: str = "path") -> Path:
    """Return a single local path, refusing what obspy would take for something else."""
    if path is None:
        raise ParameterError(f"{name}=None; give the path of a local file")
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str | os.PathLike):
        raise ParameterError(
            f"{name} is a {type(path).__name__}; give the path of a local file (str or Path)"
        )
    text = os.fspath(path)
    if not text:
        raise ParameterError(f"{name} is empty; give the path of a local file")
    if "\0" in text:
        raise ParameterError(f"{name} holds a NUL character, which no file name can")
    if "://" in text:
        raise ParameterError(
            f"{name}={text!r} is a URL; paektuseis reads local files only, download it first"
        )
    return Path(text)


def expand_paths(paths: Any) -> list[Path]:
    """Return the files meant by a path, a folder, a wildcard or several of them, in order.

    A name that exists is that file, whatever characters it holds. A folder stands for
    all files in it and below (names beginning with a dot are left out, each file
    once however many links lead to it).
    """
    if isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Iterable):
        items = [paths]
    else:
        items = list(paths)
        if not items:
            raise ParameterError("paths is empty; give at least one file, folder or pattern")
    found: list[Path] = []
    for item in items:
        path = one_path(item, name="paths")
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            found += _wildcard(path)
            continue
        except OSError as error:
            if not os.path.lexists(path):
                raise WaveformError(f"{path}: {error.strerror or error}") from error
            found.append(path)  # a link that leads nowhere: refused where it is opened
            continue
        if stat.S_ISDIR(mode):
            inside = list(files_below(path))
            if not inside:
                raise WaveformError(f"{path}: the folder holds no file")
            found += inside
        else:
            found.append(path)
    return found


def _wildcard(path: Path) -> list[Path]:
    if os.path.lexists(path):
        return [path]
    text = os.fspath(path)
    if not glob.has_magic(text):
        raise WaveformError(f"{path}: no such file or folder")
    matches = [Path(p) for p in sorted(glob.glob(text, recursive=True)) if not os.path.isdir(p)]
    if not matches:
        raise WaveformError(f"{path}: no file matches this pattern")
    return matches


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and below, sorted, each inode once, hidden ones left out."""
    seen: set[tuple[int, int]] = set()
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            if name.startswith("."):
                continue
            path = Path(base, name)
            try:
                info = path.stat()
            except OSError:
                yield path
                continue
            if (info.st_dev, info.st_ino) not in seen:
                seen.add((info.st_dev, info.st_ino))
                yield path


_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def kind_of_file(mode: int) -> str:
    """Return in words what a file is that is not a regular one."""
    return next((word for test, word in _KINDS if test(mode)), "something else")


def _require_regular(path: Path, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise WaveformError(f"{path}: not a regular file ({kind_of_file(info.st_mode)})")


def file_stamp(path: Path) -> tuple[int, int]:
    """Return size and time of change (ns) of a file; -1 and -1 where there is none."""
    try:
        info = os.stat(path)
    except OSError:
        return -1, -1
    return info.st_size, info.st_mtime_ns


def file_digest(path: Path) -> str:
    """Return the SHA-256 of what a file holds, as on disk, read block by block."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class OpenFile:
    """A regular file that is open for reading, watched for changes."""

    path: Path
    fd: int
    size: int
    mtime_ns: int
    sparse: bool
    """Whether blocks of it were never written."""

    def read(self, begin: int, end: int) -> ByteArray:
        """Bytes ``begin`` to ``end`` of the file, fewer where it ends before."""
        data = np.empty(max(0, end - begin), np.uint8)
        done = 0
        while done < data.size:
            count = _read_at(self.fd, data[done:].data, begin + done)
            if not count:
                break
            done += count
        return data[:done]

    def fill(self, room: ByteArray, offset: int) -> bool:
        """Fill ``room`` with bytes of the file; whether there were as many."""
        return _read_at(self.fd, room.data, offset) == room.size

    @property
    def stamp(self) -> tuple[int, int]:
        """Size and time of change (ns)."""
        return self.size, self.mtime_ns

    def require_unchanged(self) -> None:
        """Refuse what was read if the file was written to in the meantime."""
        after = os.fstat(self.fd)
        if (self.size, self.mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise WaveformError(f"{self.path}: the file changed while it was read; read it again")


def _read_at(fd: int, room: memoryview, offset: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(fd, [room], offset)
    os.lseek(fd, offset, os.SEEK_SET)
    with io.FileIO(fd, closefd=False) as handle:
        return handle.readinto(room) or 0


@contextmanager
def open_regular(path: Path) -> Iterator[OpenFile]:
    """Open a regular file, refusing everything else.

    Raises
    ------
    WaveformError
        Naming the file and the reason; also for a failure within the context.
    """
    fd = -1
    try:
        _require_regular(path, path.stat())  # before opening: opening a device may act on it
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        fd = os.open(path, flags | getattr(os, "O_BINARY", 0))
        info = os.fstat(fd)
        _require_regular(path, info)
        sparse = getattr(info, "st_blocks", 1 << 60) * 512 < info.st_size
        yield OpenFile(path, fd, info.st_size, info.st_mtime_ns, sparse)
    except OSError as error:
        raise WaveformError(f"{path}: {error.strerror or error}") from error
    finally:
        if fd >= 0:
            os.close(fd)


def _written_size(file: OpenFile) -> int:
    """Size without an unwritten (sparse) tail, as preallocating recorders leave."""
    if not file.sparse or not hasattr(os, "SEEK_HOLE"):
        return file.size
    end = 0
    try:
        while end < file.size:
            end = os.lseek(file.fd, os.lseek(file.fd, end, os.SEEK_DATA), os.SEEK_HOLE)
    except OSError:  # ENXIO: no data after the last hole
        pass
    return min(end, file.size)


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES, unpack: bool = True) -> FileBytes:
    """Read a regular file wholly, refusing everything else and any change on the way.

    Raises
    ------
    WaveformError
        Naming the file and the reason.
    """
    with open_regular(path) as file:
        return read_whole(file, max_bytes=max_bytes, unpack=unpack)


def read_whole(file: OpenFile, *, max_bytes: int = MAX_BYTES, unpack: bool = True) -> FileBytes:
    """Read an open file wholly, see :func:`read_bytes`."""
    path = file.path
    size = _written_size(file)
    if size > max_bytes:
        raise WaveformError(
            f"{path}: {size} bytes, more than the limit of {max_bytes}; split the file"
        )
    data = file.read(0, size)
    file.require_unchanged()
    if data.size != size:
        raise WaveformError(f"{path}: the file changed while it was read; read it again")
    if file.size == 0:
        raise WaveformError(f"{path}: the file is empty (0 bytes)")
    if size == 0:
        raise WaveformError(f"{path}: no data, only a hole of {file.size} bytes")
    if unpack and path.suffix.lower() == ".gz" and data[:2].tobytes() == b"\x1f\x8b":
        return FileBytes(path, _gunzip(path, data, max_bytes), stamp=file.stamp)
    return FileBytes(path, data, file.size - size, stamp=file.stamp)


def _gunzip(path: Path, data: ByteArray, max_bytes: int) -> ByteArray:
    packed = data.tobytes()
    limit = min(max_bytes, max(MAX_RATIO * len(packed), 1 << 16))
    parts: list[bytes] = []
    total = 0
    position = 0
    while position < len(packed) and packed[position : position + 2] == b"\x1f\x8b":
        worker = zlib.decompressobj(31)
        feed = packed[position : position + _STEP]
        position += len(feed)
        while not worker.eof:
            try:
                part = worker.decompress(feed, _STEP)
            except zlib.error as error:
                raise WaveformError(
                    f"{path}: damaged gzip data near byte {position}: {error}"
                ) from error
            parts.append(part)
            total += len(part)
            if total > limit:
                raise WaveformError(
                    f"{path}: unpacks to more than {limit} bytes from {len(packed)} "
                    f"(limits: {max_bytes} bytes, {MAX_RATIO} times the file)"
                )
            feed = worker.unconsumed_tail
            if not feed and not worker.eof and not part:
                feed = packed[position : position + _STEP]
                position += len(feed)
                if not feed:
                    raise WaveformError(f"{path}: gzip data cut at byte {len(packed)}")
        position -= len(worker.unused_data)
    if not total:
        raise WaveformError(f"{path}: the gzip file holds no data")
    return np.frombuffer(bytearray(b"".join(parts)), np.uint8)
