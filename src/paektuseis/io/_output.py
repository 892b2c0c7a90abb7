"""Writing whole or not at all, and names that cannot leave their folder."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError
from ._processes import process_mark
from ._sources import one_path

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def safe_filename(text: str) -> str:
    """Return a file name made from any text.

    Letters, digits, dot, underscore and hyphen stay; every other byte (UTF-8) becomes
    ``%XX``. The result is never empty, never begins with a dot, and holds no separator,
    so that it cannot name another folder.

    Parameters
    ----------
    text : str
        For example a trace id or event id.

    Returns
    -------
    str

    Examples
    --------
    >>> safe_filename("1U.JGPD..HHZ")
    '1U.JGPD..HHZ'
    >>> safe_filename("../a b")
    '%2E.%2Fa%20b'
    """
    raw = str(text).encode("utf-8", "surrogateescape")
    name = "".join(chr(c) if chr(c) in _SAFE else f"%{c:02X}" for c in raw)
    if name.startswith("."):
        name = "%2E" + name[1:]
    return name or "%00"


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file so that it appears whole or not at all.

    The block writes to the temporary path it is given, in the same folder. When it ends
    well, the file is flushed to disk, renamed to ``path`` and the folder is flushed too;
    when it fails, the temporary file is removed and what stood at ``path`` is untouched.

    Parameters
    ----------
    path : str or Path
        Final name. Missing folders are made.

    Yields
    ------
    Path
        Temporary file to write to; it has the suffix of ``path``.

    Raises
    ------
    OutputError
        If the file cannot be written, with its path and the reason.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with atomic_path(Path(folder) / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (Path(folder) / "a.txt").read_text()
    'whole'
    """
    target = one_path(path)
    temporary: Path | None = None
    try:
        if target.is_dir():
            raise OutputError(f"{target}: is a folder; give the name of a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".tmp-{process_mark()}-", suffix="-" + target.name[-80:], dir=target.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _settle(temporary)
        os.replace(temporary, target)
        temporary = None
        flush_folder(target.parent)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder and its parents where they are missing.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If that fails or nothing can be written in it, with the path and the reason.
    """
    folder = one_path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be made or is no folder ({error.strerror}); choose another --out"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{folder}: nothing can be written in this folder (its permissions, or a disk that "
            "can only be read); choose another --out"
        )
    return folder


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file whole or not at all (UTF-8, line ends as given).

    Parameters
    ----------
    path : str or Path
    text : str

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode())


def _settle(path: Path) -> None:
    """Give a file the permissions any new file has, and flush it to disk."""
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(path, 0o666 & ~mask)
    fd = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(fd)  # an error here means that the bytes may not be on the disk
    finally:
        os.close(fd)


_CANNOT = {errno.EINVAL, errno.EBADF, errno.EACCES, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP}


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, where the file system can do that.

    Raises
    ------
    OSError
        If the disk fails.
    """
    if os.name != "posix":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(fd)
