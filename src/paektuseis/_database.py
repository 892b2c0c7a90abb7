"""SQLite files that several processes write at once: whole transactions or none."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from .errors import OutputError, PaektuseisError

BUSY_SECONDS = 60.0
"""How long a process waits for another one that is writing."""

_CANNOT_WRITE = frozenset({
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
})  # fmt: skip


class Database:
    """One SQLite file with a schema of its own; every access opens it and closes it again.

    Nothing stays open between accesses, so an object may be shared by threads, sent to
    another process or outlive a fork. The journal is SQLite's rollback journal: one file,
    readable from a medium that cannot be written. A process that is killed leaves the file
    as it was before its transaction. SQLite relies on the locks of the file system, which
    network file systems often lack: the file belongs on a local disk.

    Parameters
    ----------
    path : Path
        File; made with its folder at the first transaction.
    schema : str
        Statements ``CREATE ... IF NOT EXISTS``.
    version : int
        Kept in the file (``PRAGMA user_version``); 0 means that the schema is not there yet.
    error : type
        Raised in place of sqlite3's own errors.
    advice : str
        What to do about a file that cannot be used, for the message.
    upgrades : mapping of int to str, optional
        Statements that bring a file of an older version to this one.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        version: int,
        *,
        error: type[PaektuseisError],
        advice: str,
        upgrades: Mapping[int, str] | None = None,
    ) -> None:
        self.path = path
        self._schema = schema
        self._version = version
        self._error = error
        self._advice = advice
        self._upgrades = dict(upgrades or {})
        self._current = False

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that holds the write lock from its start."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error
        with self._told(writes=True), closing(self._open("rwc")) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = self._found_version(connection)
                if found == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    raise self._error(
                        f"{self.path}: is the database of another program; give another name"
                    )
                if found != self._version:
                    for statement in self._upgrades.get(found, self._schema).split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {self._version:d}")
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:  # something failed; SQLite may have rolled back
                    connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Open one snapshot for reading; the file must be there."""
        self._upgrade()
        with self._told(), closing(self._open("rw")) as connection:
            connection.execute("BEGIN")
            if self._found_version(connection) == 0:
                raise self._error(f"{self.path}: holds no such table. {self._advice}")
            yield connection

    def _upgrade(self) -> None:
        """Bring a file of an older version up to date before it is read."""
        if not self._current and self._upgrades and self.path.is_file():
            with self._told(), closing(self._open("rw")) as connection:
                older = self._found_version(connection) in self._upgrades
            if older:
                with self.writing():
                    pass
            self._current = True

    def is_there(self) -> bool:
        """Whether the file exists and holds the schema."""
        if not self.path.exists():
            return False
        with self._told(), closing(self._open("rw")) as connection:
            return self._found_version(connection) != 0

    def _open(self, mode: str) -> sqlite3.Connection:
        name = Path(os.path.abspath(self.path)).as_uri()
        connection = sqlite3.connect(
            f"{name}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _found_version(self, connection: sqlite3.Connection) -> int:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, self._version, *self._upgrades):
            raise self._error(
                f"{self.path}: has version {found}, this program reads version "
                f"{self._version}. {self._advice}"
            )
        return int(found)

    @contextmanager
    def _told(self, *, writes: bool = False) -> Iterator[None]:
        """Turn sqlite3's errors into one that names the file and says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            if writes and (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _CANNOT_WRITE:
                raise OutputError(
                    f"{self.path}: cannot be written: {error}; it needs a local disk with room, "
                    "that may be written to and is not held by another program"
                ) from error
            raise self._error(f"{self.path}: {error}. {self._advice}") from error
