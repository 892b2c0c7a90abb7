"""The SeedLink protocol (version 3), as a client: greeting, subscription, packets."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from obspy import UTCDateTime

from ..errors import ArchiveError, ParameterError
from ..io import safe_text

PORT = 18000
HEAD, RECORD = 8, 512
_TICK = 0.25
"""Longest time (s) without a look at whether to stop."""
_LONGEST_LINE = 1000
_WORDS = (b"SL", b"END", b"ERROR\r\n")
"""What may begin a packet or an answer in the midst of packets."""
_CODE = r"[A-Za-z0-9?*_-]"


class LinkError(ArchiveError):
    """A SeedLink server that cannot be reached, breaks off, or refuses."""


@dataclass
class Station:
    """A station that is subscribed to, and where its stream has got to."""

    network: str
    station: str
    selectors: list[str] = field(default_factory=list)
    sequence: int | None = None
    """Number of the last packet received."""
    last: UTCDateTime | None = None
    """Begin of the record in it."""

    @property
    def name(self) -> str:
        """NET.STA."""
        return f"{self.network}.{self.station}"


def parse_address(server: str) -> tuple[str, int]:
    """Host and port of a server given as ``host``, ``host:port`` or ``seedlink://host:port``."""
    text = server.strip() if isinstance(server, str) else ""
    text = text.removeprefix("seedlink://").rstrip("/")
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?", text)
    if not found or not 0 < int(found[2] or PORT) < 65536:
        raise ParameterError(
            f"server={server!r} is no address; give host:port, for example localhost:{PORT}"
        )
    return found[1].strip("[]"), int(found[2] or PORT)


def parse_streams(streams: list[str]) -> list[Station]:
    """Stations and selectors of channels given as NET.STA.LOC.CHA."""
    out: dict[str, Station] = {}
    for text in streams:
        parts = text.split(".") if isinstance(text, str) else []
        if len(parts) != 4 or not all(re.fullmatch(_CODE + "*", p) for p in parts):
            raise ParameterError(f"stream {text!r} is no NET.STA.LOC.CHA (? and * allowed)")
        network, station, location, channel = parts
        if not network or not station or "*" in network + station:
            raise ParameterError(
                f"stream {text!r}: name network and station; a server tells them one by one"
            )
        # without a location code a selector takes all: some servers do not know "--" for none
        place = "" if location in ("", "*", "??") else location.replace("*", "?").ljust(2, "?")
        kind = "???" if channel in ("*", "") else channel.replace("*", "?").ljust(3, "?")
        one = out.setdefault(f"{network}.{station}", Station(network, station))
        selector = f"{place}{kind}"
        if selector not in one.selectors:
            one.selectors.append(selector)
    return list(out.values())


class Link:
    """One connection to a SeedLink server.

    Parameters
    ----------
    address : (str, int)
        Host and port.
    timeout : float
        Seconds without a byte after which the connection is taken for dead.
    """

    def __init__(self, address: tuple[str, int], timeout: float) -> None:
        self.name = f"{address[0]}:{address[1]}"
        self.timeout = timeout
        self._buffer = bytearray()
        self._heard = time.monotonic()
        self._asked = False
        self._info = False
        try:
            self._socket = socket.create_connection(address, timeout=timeout)
        except OSError as error:
            raise LinkError(
                f"{self.name}: cannot be reached ({error.strerror or error}); check the network "
                "and the address"
            ) from error
        self.greeting = ""
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self.greeting = self._greet()
        finally:
            if not self.greeting:
                self.close()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _send(self, text: str) -> None:
        try:
            self._socket.settimeout(self.timeout)
            self._socket.sendall(text.encode("ascii") + b"\r\n")
        except OSError as error:
            raise LinkError(f"{self.name}: connection lost ({error.strerror or error})") from error

    def _receive(self, seconds: float) -> bool:
        """Wait for bytes; whether some came."""
        try:
            self._socket.settimeout(seconds)
            data = self._socket.recv(65536)
        except TimeoutError:
            return False
        except OSError as error:
            raise LinkError(f"{self.name}: connection lost ({error.strerror or error})") from error
        if not data:
            raise LinkError(f"{self.name}: the server closed the connection")
        self._buffer += data
        self._heard = time.monotonic()
        self._asked = False
        return True

    def _line(self) -> str:
        """One line of an answer."""
        limit = time.monotonic() + self.timeout
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE or time.monotonic() > limit:
                raise LinkError(f"{self.name}: does not answer as a SeedLink server does")
            self._receive(_TICK)
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer = bytearray(rest)
        return line.rstrip(b"\r").decode("latin-1")

    def _greet(self) -> str:
        self._send("HELLO")
        first = self._line()
        self._line()  # the organisation
        if not first.lower().startswith("seedlink"):
            raise LinkError(
                f"{self.name}: is no SeedLink server; it says {safe_text(first[:60])!r}"
            )
        return safe_text(first)

    def _accepted(self, command: str) -> bool:
        self._send(command)
        answer = self._line()
        if answer.startswith("OK"):
            return True
        if answer.startswith("ERROR"):
            return False
        raise LinkError(f"{self.name}: answers {command!r} with {safe_text(answer[:60])!r}")

    def subscribe(self, stations: list[Station], start: UTCDateTime | None) -> list[str]:
        """Ask for the streams of stations from where they have got to.

        ``start`` is where those begin of which nothing was received yet; None means now.

        Returns
        -------
        list of str
            What the server refused, in words.

        Raises
        ------
        LinkError
            If it refused everything.
        """
        refused, accepted = [], 0
        for one in stations:
            if not self._accepted(f"STATION {one.station} {one.network}"):
                refused.append(f"{self.name}: station {one.name} is unknown there")
                continue
            selected = 0
            for selector in one.selectors:
                if self._accepted(f"SELECT {selector}"):
                    selected += 1
                else:
                    refused.append(f"{self.name}: {one.name}: selector {selector} refused")
            if not selected:
                continue
            if any(self._accepted(command) for command in _begin(one, start)):
                accepted += 1
            else:
                refused.append(f"{self.name}: {one.name}: transfer refused")
        if not accepted:
            raise LinkError("; ".join(refused) or f"{self.name}: no station")
        self._send("END")
        return refused

    def packets(self) -> Iterator[tuple[int, bytes] | None]:
        """Yield packets (number, record) as they come, None now and then while none do.

        Ends when the server says that there is no more.

        Raises
        ------
        LinkError
            If the connection breaks or stays silent.
        """
        while True:
            while len(self._buffer) >= HEAD + RECORD and self._buffer[:2] == b"SL":
                head = bytes(self._buffer[:HEAD])
                record = bytes(self._buffer[HEAD : HEAD + RECORD])
                del self._buffer[: HEAD + RECORD]
                if head[2:6] == b"INFO":
                    continue
                try:
                    number = int(head[2:], 16)
                except ValueError:
                    raise LinkError(f"{self.name}: a packet without a number") from None
                yield number, record
            if self._buffer[:3] == b"END":
                return
            if self._buffer[:7] == b"ERROR\r\n" and self._info:  # it does not know INFO
                del self._buffer[:7]
                continue
            begin = bytes(self._buffer)
            if not any(begin[: len(w)] == w[: len(begin)] for w in _WORDS):
                raise LinkError(
                    f"{self.name}: sends {safe_text(repr(bytes(self._buffer[:20])))}, no packet"
                )
            if not self._receive(_TICK):
                silent = time.monotonic() - self._heard
                if silent > self.timeout:
                    raise LinkError(f"{self.name}: silent for {silent:.0f} s")
                if silent > 0.5 * self.timeout and not self._asked:
                    self._send("INFO ID")  # what it answers shows that it is alive
                    self._asked = self._info = True
                yield None


def _begin(one: Station, start: UTCDateTime | None) -> list[str]:
    """Commands that begin the transfer of a station, the first to be tried first."""
    if one.sequence is not None:
        number = f"{(one.sequence + 1) & 0xFFFFFF:06X}"
        out = [f"DATA {number}"]
        if one.last is not None:
            out.insert(0, f"DATA {number} {_time(one.last)}")
            out.append(f"TIME {_time(one.last)}")
        return [*out, "DATA"]
    return ["DATA"] if start is None else [f"TIME {_time(start)}"]


def _time(time: UTCDateTime) -> str:
    return str(time.strftime("%Y,%m,%d,%H,%M,%S"))
